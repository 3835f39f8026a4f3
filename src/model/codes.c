#include "mok/model.h"

#include <string.h>

/* Every diagnostic code, sorted. The explanation shows the mistake and the remedy. */
static const struct mok_code codes[] = {
	/* ---- files and YAML ---- */
	{ "E0101", "a file cannot be read",
		"A plan file, an included file or a variable file is missing, is not readable, or "
		"is "
		"larger than 16 MiB.\n\nPaths after -f are relative to the working directory "
		"(after "
		"-C); paths after `include:` are relative to the file that includes them." },
	{ "E0102", "this is not YAML",
		"The file does not follow YAML's syntax; what follows the place shown was not "
		"read.\n\n"
		"Frequent causes: a tab used for indentation, a missing space after a colon, an "
		"unclosed quote or bracket, a value with `: ` or ` #` inside that needs quotes:\n\n"
		"    description: \"web: the front\"" },
	{ "E0103", "this is not UTF-8 text",
		"Plan files are UTF-8. The place shown holds a byte that is not, or a NUL byte. "
		"Save "
		"the file as UTF-8 in your editor." },
	{ "E0104", "the same key twice",
		"YAML readers differ in which of two equal keys they keep, so mok refuses the "
		"file.\n\n"
		"    net: { kind: vpc, region: ams3, region: fra1 }\n\nRemove one of them." },
	{ "E0105", "too deep or too large",
		"The file nests deeper than 100 levels, or its aliases stand for more than two "
		"million "
		"values. Neither happens in a plan that people write." },
	{ "E0106", "${...} inside {} or [] needs quotes",
		"Inside `{}` and `[]` YAML gives braces a meaning of their own, so an expression "
		"there "
		"must be quoted:\n\n    { kind: record, domain: \"${zone.name}\" }" },
	{ "E0107", "YAML that a plan file does not use",
		"A plan file is one document. Several documents (`---`), tags such as `!include`, "
		"and "
		"keys that are lists or maps are refused rather than guessed at." },
	{ "E0108", "files include each other in a circle",
		"Each file of an `include:` chain is read once; this one is already being read." },
	/* ---- structure ---- */
	{ "E0201", "an unknown key at the top",
		"The top of a plan file has `mok`, `name`, `region`, `variables`, `resources`, "
		"`mastodon`, `outputs`, `secrets` and `include`. Resources go under "
		"`resources:`." },
	{ "E0202", "a required key is missing at the top",
		"Every plan begins with the format and the stack's name:\n\n    mok: 1\n    name: "
		"social" },
	{ "E0203", "another format",
		"This mok reads format 1: `mok: 1`. A file of a later format needs a later mok." },
	{ "E0204", "not a stack name",
		"The stack's name marks everything that it owns, so it is short and plain: a "
		"letter, "
		"then letters, digits and hyphens, all lower case, at most 31 characters." },
	{ "E0205", "another type is expected",
		"For instance `resources:` is a map of blocks, not a list:\n\n    resources:\n     "
		" "
		"net: { kind: vpc, ip_range: 10.20.0.0/20 }" },
	{ "E0207", "not an address",
		"The key of a resource block is a letter or underscore, then letters, digits, "
		"underscores and hyphens, and not `var`, `env`, `each`, `secret` or "
		"`image`." },
	{ "E0208", "the secrets block",
		"Where secrets that are shown or made once are kept, and who can open it:\n\n    "
		"secrets: { escrow: secrets.age, recipients: [age1...] }\n\nThe values are "
		"written as "
		"they are: no ${...}. docs/secrets.md tells how it works." },
	{ "E0209", "not an age recipient",
		"A recipient is the public half of a key that `age-keygen -o key.txt` makes: age1 "
		"and "
		"58 small letters and digits. SSH keys, plugins' and post-quantum recipients are "
		"not "
		"taken. The secret half, AGE-SECRET-KEY-1..., never belongs into a plan file." },
	{ "W0210", "a secret that is held nowhere",
		"DigitalOcean shows the secret of a Spaces key once, when the key is made. This "
		"one "
		"was made while the plan had no escrow, or in a run that died at the wrong "
		"moment. "
		"What refers to it is unknown. `mok apply --replace ADDRESS` makes another key, "
		"passes it on and deletes this one." },
	/* ---- variables ---- */
	{ "E0301", "a variable is not well declared",
		"A variable has `type` (string, number, bool, list or map) and may have `default`, "
		"`pattern`, `sensitive` and `description`:\n\n    domain: { type: string, pattern: "
		"'^[a-z0-9.-]+$' }" },
	{ "E0302", "a variable has no value",
		"It has no default, and nothing gave it a value. Use --var NAME=VALUE, a "
		"--var-file, or "
		"the environment variable MOK_VAR_NAME (the only ways for a sensitive one are the "
		"last two)." },
	{ "E0303", "a value is not of the variable's type",
		"The declared type decides: a number is written 3 or 2.5, a bool true or false, a "
		"list "
		"[a, b], a map { a: 1 }. On the command line lists and maps are written the same "
		"way." },
	{ "E0304", "a value does not match the variable's pattern",
		"`pattern` is a POSIX extended regular expression." },
	{ "E0305", "a sensitive variable as an argument",
		"Arguments can be read by every user of the machine and end up in shell histories, "
		"so "
		"a sensitive variable is refused there. Set MOK_VAR_NAME or use a --var-file." },
	{ "E0306", "an undeclared variable is given a value",
		"A --var or --var-file names a variable that the plan does not declare: a spelling "
		"mistake, or a variable that was removed." },
	/* ---- kinds and fields ---- */
	{ "E0401", "no such kind",
		"Every resource says what it is: `kind: vpc`. `mok help kinds` and docs/kinds.md "
		"list "
		"them; names are the Terraform provider's without `digitalocean_`." },
	{ "E0402", "no such field",
		"The kind has no field of that name. docs/kinds.md lists each kind's fields." },
	{ "E0403", "a field that cannot be set",
		"The field is computed by DigitalOcean: it can be referred to, not written." },
	{ "E0404", "a required field is missing", "docs/kinds.md says which fields are required." },
	{ "E0405", "a value of another type",
		"The field's type decides how its scalar is read: `version: 1.30` stays the text "
		"1.30, "
		"a bool is true or false (also yes, no, on, off), a list is written with `- ` or "
		"[]." },
	{ "E0406", "not a legal value",
		"The legal values are listed with the diagnostic; what is on offer for sizes, "
		"versions "
		"and regions is checked against the live catalogue when planning and against the "
		"shipped one offline." },
	{ "E0407", "out of range",
		"A number, or the length of a text or a list, is outside of what the API takes." },
	{ "E0408", "not of the required form",
		"The text does not match the form that the API asks for, such as a range "
		"10.20.0.0/20 "
		"or an hour 04:00." },
	{ "E0409", "a region is needed",
		"The resource takes a region, and neither it nor the stack names one. Write "
		"`region:` "
		"at the top of the file." },
	/* ---- expressions and references ---- */
	{ "E0501", "an expression cannot be read",
		"Inside ${...} there is a reference (`db.id`, `var.domain`, `web[\"a\"].id`), a "
		"literal, "
		"a list or a function call. A literal ${ is written $${." },
	{ "E0502", "no such function", "docs/functions.md lists the functions." },
	{ "E0503", "the wrong number of arguments",
		"The diagnostic shows the function's arguments." },
	{ "E0504", "a function cannot do this",
		"An argument has the wrong type or value, or a list or map was put inside a "
		"text." },
	{ "E0505", "a reference to nothing",
		"No resource, variable, or environment variable of that name. A resource with "
		"`for_each` is referred to with an index: `web[\"a\"].id`. `each` exists only in a "
		"block with `for_each`." },
	{ "E0506", "a reference to a field that is not there",
		"The kind that is referred to has no such field; docs/kinds.md lists them. Every "
		"resource has `id`." },
	{ "E0507", "resources need each other in a circle",
		"Each needs another's value or names it in depends_on, so none can be first. The "
		"path "
		"is shown with the places of the references; take out one of them." },
	{ "E0508", "resources of the account need each other in a circle",
		"Found while comparing with the account. Take out one of the references." },
	{ "E0509", "a sensitive output that is not marked",
		"The output holds a sensitive value. Say that you know:\n\n    kubeconfig: { "
		"value: "
		"\"${cluster.kubeconfig}\", sensitive: true }" },
	/* ---- life cycle ---- */
	{ "E0601", "not something to repeat over",
		"`for_each` takes a list of distinct strings or a map, known without the account: "
		"literals, variables, functions of those." },
	{ "E0602", "depends_on names nothing",
		"`depends_on` is a list of addresses of this plan; a block with for_each may be "
		"named "
		"as a whole." },
	{ "E0603", "ignore_changes names no field",
		"It is a list of the resource's own fields. Of a manifest it may also name a part, "
		"which is then set at creation and left to others afterwards:\n\n    "
		"ignore_changes: "
		"[manifest.spec.replicas, manifest.metadata.annotations.example.com/x]" },
	{ "E0604", "not a duration",
		"`timeouts: { create: 30m, update: 90s, delete: 1h }`, each optional." },
	{ "E0605", "moved_from names a resource that is still there",
		"`moved_from` is the address that the resource had before; a block of that address "
		"cannot be in the plan too." },
	{ "E0606", "two resources of one name",
		"Both would be the same object in the account. Give one another name." },
	{ "W0607", "a field that another resource moves",
		"An autoscaler of the plan sets the replicas of a workload whose manifest says a "
		"number too. That number counts when the workload is made; afterwards it is the "
		"autoscaler's, and no difference. Leave it out of the manifest." },
	/* ---- rules of single kinds ---- */
	{ "E0701", "fields that exclude each other",
		"One of the two has no meaning beside the "
		"other, or the API refuses the pair." },
	{ "E0702", "fields that need each other", "The API takes one only with the other." },
	{ "E0703", "a field that does not go with this type",
		"What the type, engine or record type allows is in docs/kinds.md." },
	{ "E0704", "a value outside of the kind's rules",
		"The API would refuse the value, or it would not mean what it seems to." },
	{ "E0705", "a name that is DigitalOcean's or mok's own",
		"The name belongs to something that exists without you, or to a marker." },
	/* ---- the account ---- */
	{ "E0801", "a value that is not on offer",
		"DigitalOcean's own list of regions, sizes or versions, read when planning, does "
		"not "
		"have it. What exists already may keep what is no longer sold." },
	{ "W0802", "a value that the shipped catalogue does not know",
		"The token may not read what is on offer, so the list that mok was shipped with "
		"stands in. It is dated: something newer may exist all the same." },
	{ "E0803", "a combination that is not on offer",
		"Each value exists, but not together: a number of nodes that an engine does not "
		"have, or an engine that takes no new clusters." },
	{ "E0804", "two objects with one marker",
		"Somebody copied a tag or a description, or restored one. mok cannot tell which "
		"object "
		"is the stack's: take the marker off the other one." },
	{ "E0805", "the old and the new address both exist",
		"With `moved_from` the object of the old address gets the new one's marker; but an "
		"object of the new address exists already. Objects with the hash of their content "
		"in the name are one line across both addresses as long as no two have the same "
		"generation." },
	{ "E0806", "an object of that name is not this stack's",
		"Only what carries the stack's marker is changed or deleted. To take the object "
		"over, type the mok adopt command that is shown (mok adopt --all does it for all "
		"such objects); otherwise choose another name." },
	{ "W0807", "the API reports a failed state",
		"The object exists but is in an error state. Replacing it is often the only way: "
		"mok "
		"apply --replace ADDRESS." },
	{ "E0808", "an option names no resource",
		"--target, --exclude and --replace take addresses of the plan, or a block's name "
		"for "
		"all of its instances." },
	{ "E0809", "two objects look alike",
		"The marker of this kind stands beside the object, and a stranger's object has the "
		"same "
		"name and values. Nothing tells which one is the stack's, so none is deleted." },
	{ "E0810", "an object that the cluster refuses",
		"A dry run on the cluster's own API said no: a field that does not exist, a value "
		"out of its range, a policy, or a field that another manager owns. Nothing was "
		"changed." },
	{ "W0811", "a cluster that does not answer is destroyed",
		"What the stack has in it cannot be listed, and dies with it. The load balancers "
		"and volumes that it made are listed by DigitalOcean and deleted along with it." },
	{ "W0812", "waits for somebody else",
		"It refers to an object that is `read_only`: somebody else makes it, such as Argo "
		"CD out of a repository, and it is not there or not ready yet. The plan goes on "
		"without; once the object is there, the next plan has it.\n\nFor an instance that "
		"Argo CD manages: write the files (mok manifests --argocd -o DIR), push them, wait "
		"for the sync, and run mok apply again." },
	{ "W0813", "an object does not do its work",
		"It is there as the plan wants it, so there is nothing to change, but it is not "
		"ready: its pods do not start, its certificate was not issued, and so on. Apply "
		"writes nothing for it, but waits for it as it does for what it makes, and ends "
		"with 3 if that was in vain. `mok status` and `kubectl describe` tell more; once "
		"the cause is gone, it goes on by itself. `wait: false` on a kubernetes_manifest "
		"leaves it out." },
	{ "E0814", "a replacement that its predecessor leaves no room for",
		"The change needs a new object, and the old one cannot be deleted: the first "
		"network of a region becomes its default. What only one may have, such as its "
		"range, stays taken. Write another range (and, where the name is written, another "
		"name); the old network stays in the account, without mok's marker." },
	{ "E0815", "a cluster without nodes",
		"DigitalOcean makes no Kubernetes cluster without a node pool, and refuses to "
		"delete the last one. To end with the nodes, take the cluster away too; to make "
		"other nodes, add their pool before (or with) the deletion." },
	{ "E0816", "what goes along is left out",
		"A namespace, a definition or a cluster that is replaced takes with it all that is "
		"inside; --target or --exclude left some of that out of the plan." },
	{ "W0817", "one more than is needed",
		"Another object is exactly like one of this stack. mok's lock is of one machine: "
		"two "
		"that apply one stack at the same time can each make one, where the API lets two "
		"have the same name (keys, records). mok goes on with the one that its journal "
		"knows, else with the older; the other one is nobody's, and is deleted by hand." },
	/* ---- the mastodon block ---- */
	{ "E0902", "an address that the mastodon block takes",
		"The block stands for resources with addresses of their own, such as mastodon_web. "
		"A resource of the plan has the same: give yours another address." },
	{ "E0903", "not the address of such a resource",
		"`cluster`, `database`, `redis`, `storage` and the like name resources of the plan "
		"by "
		"their address: the key under `resources:`." },
	{ "E0904", "more than one candidate",
		"A resource that the block needs may be left out when the plan has only one of its "
		"kind. Here there are several: name the one that is meant." },
	{ "E0905", "something that Mastodon needs is not in the plan",
		"An instance needs a Kubernetes cluster, a Postgres and a Valkey database, a "
		"bucket "
		"and a key to it." },
	{ "E0906", "a version that does not go with Mastodon's",
		"Each version of Mastodon needs a Postgres and a Kubernetes of at least some "
		"version; what is too old would fail in the middle of a migration." },
	{ "E0907", "a queue that nobody serves",
		"Sidekiq's groups together serve default, push, ingress, mailers, pull, scheduler "
		"and "
		"fasp. Jobs of a queue that no group serves pile up and are never done:\n\n"
		"    federation: { queues: [push, ingress, fasp] }" },
	{ "E0908", "the scheduler runs exactly once",
		"The queue `scheduler` makes the periodic jobs. Two processes that serve it make "
		"them "
		"twice; none, never. Give it a group of its own with one pod." },
	{ "E0909", "a variable that must not be set",
		"The variable would break the instance, or override what mok keeps right." },
	{ "E0910", "not enough database connections",
		"A Postgres of DigitalOcean has 25 connections for each GB of memory, less 3; all "
		"pools and all direct connections draw from them. A pool that has less than a "
		"quarter of its clients makes them wait for each other. Lower the number of pods "
		"or "
		"threads, or take a larger database." },
	{ "E0911", "a port that is blocked",
		"DigitalOcean blocks outgoing mail on port 25. Most mail services listen on 2525 "
		"too." },
	{ "W0912", "a port that is often blocked",
		"Outgoing connections to ports 465 and 587 time out from many accounts. Most mail "
		"services listen on 2525 too." },
	{ "E0913", "dns01 needs a token",
		"cert-manager proves the domain by a record, for which it needs a token of "
		"DigitalOcean's API. mok's own token can do much more and never enters the "
		"cluster: "
		"make one with the scope domains." },
	{ "E0914", "no such node pool",
		"`node_pool` is the address or the name of a kubernetes_node_pool in the plan." },
	{ "E0915", "pods that fit on no node",
		"A pod asks for more than a node of its pool has. It would wait for ever: ask for "
		"less, use fewer workers or threads, or take larger nodes." },
	{ "E0917", "the least is more than the most",
		"`replicas: { min: 2, max: 6 }` are the bounds of an autoscaler; of `resources`, "
		"`requests` are what a pod has at least, and `limits` what it has at most." },
	{ "E0918", "a patch that changes nothing",
		"Its target matches no object: check the kind and the name. `mok manifests -` "
		"shows "
		"the objects." },
	{ "E0919", "a Valkey that drops jobs",
		"The jobs of Sidekiq live in Valkey. With another policy than noeviction it drops "
		"some of them when its memory is full." },
	{ "E0920", "an image whose name is not known yet",
		"With `pin: digest` the digest is asked of the registry before anything is made, "
		"so the image's name must be known by then, and be a name without its tag: "
		"ghcr.io/mastodon/mastodon. Write the name out, give web_digest and "
		"streaming_digest, or leave digests out: images: { pin: tag }." },
	{ "E0921", "an image's digest is not known",
		"A tag can be moved to another image, a digest cannot; so mok writes the digest "
		"that the tag has now behind it. A running instance keeps its own. Else the "
		"registry has to be asked, and it did not answer, or has no such "
		"tag.\n\nWhere the registry cannot be reached from here, give the digest "
		"(`docker buildx imagetools inspect IMAGE:TAG` prints it), or do "
		"without:\n\n    images: { pin: tag }" },
	{ "E0922", "Argo CD without a repository",
		"Argo CD applies what is in a Git repository, so it has to be told which:\n\n    "
		"gitops: { manage: argocd, repository: https://example.com/me/instance.git, path: "
		"deploy }\n\n`mok manifests --argocd -o DIR` writes the files that go into that "
		"folder." },
	{ "E0923", "a backup without a key to its place",
		"A Spaces key opens the buckets that it was granted, so the bucket that takes the "
		"copies needs one of its own, which nothing else in the cluster has:\n\n    "
		"resources:\n      backups: { kind: spaces_bucket, region: fra1, acl: private }\n  "
		"    backups_key: { kind: spaces_key, grants: [ { bucket: \"${backups.name}\", "
		"permission: readwrite } ] }\n    mastodon:\n      backup: { storage: backups, "
		"storage_key: backups_key, database: {} }" },
	{ "E0924", "a copy of the media without a place of its own",
		"The copy is made like the bucket of the media: what was deleted there goes here "
		"too, "
		"and so does what never was there. It needs a bucket, or at least a folder, that "
		"holds "
		"nothing else; `storage` with a bucket of another region, or `s3`. Dumps of the "
		"database may lie beside it when the copy has no prefix: then their folder is "
		"spared." },
	{ "E0925", "a bucket for assets that lacks something",
		"`assets_storage` is filled by a Job, which needs a Spaces key for that bucket, "
		"and "
		"read by browsers, which need a domain that leads there: `assets_domain` becomes "
		"CDN_HOST. A CDN that fetches from the instance itself needs `assets_domain` "
		"alone." },
	{ "E0926", "KEDA without metrics",
		"KEDA asks Prometheus how many jobs wait and how many threads are busy, and "
		"Prometheus "
		"knows it from Mastodon's exporters:\n\n    observability: { metrics: true, "
		"prometheus: "
		"true }\n    keda: {}\n\nWith a Prometheus of your own, say where it is: keda: { "
		"prometheus: http://prometheus.monitoring:9090 }." },
	{ "W0927", "a login without a password",
		"The mail server is told who asks and cannot check it: it will take no mail. Write "
		"the password as a sensitive variable, `smtp: { login: ..., password: "
		"${var.smtp_password} }`, or leave out the login where the server needs none." },
	{ "W0928", "more pods than the nodes have room for",
		"Even the fewest pods of the instance ask for more CPU or memory than all nodes of "
		"their pools have together, counted at the pools' largest and less what the system "
		"keeps. Some pods would wait for a node for ever, and apply with them. What else "
		"runs in the cluster, such as the gateway, comes on top." },
	{ "E0930", "a setting that is decided once",
		"`domain` and `web_domain` are in every account's and post's name that other "
		"servers "
		"know, and the keys of Active Record open what the database holds. The instance "
		"runs with another value than the plan has: put the old one back. A new domain is "
		"a new instance, in a stack of its own." },
	{ "W0931", "another version of Mastodon",
		"`mok apply` never moves a running instance to another version, since migrations "
		"and roll-outs have an order of their own: `mok upgrade` does that. A minor "
		"version "
		"such as 4.7 stands for whichever of its patches runs." },
	{ "E0932", "a version that Argo CD must not be given",
		"Argo CD rolls out whatever is in its repository. Migrations are not undone, so an "
		"older version than the one that runs cannot follow it, and minor versions are "
		"taken one at a time." },
	{ "E0933", "the only copy of a secret would be replaced",
		"Mastodon's keys are made once. What holds them in the cluster would be deleted "
		"and "
		"made anew, and a run that ends in between would lose them. With an escrow that is "
		"open they are written there first." },
	{ "E0934", "a patch that makes another object of it",
		"A patch changes what the block makes, but not which objects: their kind, version "
		"of the API and name are what Services, autoscalers and mok itself find them by." },
	{ "W0935", "monitors without Prometheus' operator",
		"PodMonitors and PrometheusRules are kinds of Prometheus' operator. A cluster "
		"without it refuses them at the end of apply. `observability: { prometheus: true "
		"}` installs it, and so does Robusta." },
};

const struct mok_code *mok_code_find(const char *code)
{
	for (size_t i = 0; i < MOK_COUNT(codes); i++)
		if (strcmp(codes[i].code, code) == 0)
			return &codes[i];
	return NULL;
}

const struct mok_code *mok_codes(size_t *count)
{
	*count = MOK_COUNT(codes);
	return codes;
}
