#include "cli.h"

static const struct cli_command commands[] = {
	{ .name = "validate",
		.arguments = "",
		.summary = "check the plan file, offline",
		.details = "Reports every mistake at once, each with its place. Values on offer "
			   "(sizes, regions, versions) are checked against a snapshot that comes "
			   "with mok; `mok plan` checks them against the account.",
		.examples = "mok validate\nmok -f base.yaml -f prod.yaml validate --format json\n",
		.run = cli_run_validate },
	{ .name = "plan",
		.arguments = "",
		.summary = "show what apply would do, against the live account",
		.details = "Writes nothing. The last lines are what weighs most: what destroys "
			   "data comes last and in red.",
		.examples = "mok plan\nmok plan -o plan.json\nmok plan --destroy\n"
			    "mok plan --detailed-exitcode      # exit 2 when there are changes\n"
			    "mok --sandbox plan --target db\n",
		.options = OPT_BIT(OPT_OUT) | OPT_BIT(OPT_DESTROY) | OPT_BIT(OPT_DETAILED) |
			OPT_BIT(OPT_FORCE_CONFLICTS),
		.run = cli_run_plan },
	{ .name = "apply",
		.arguments = "[PLANFILE]",
		.summary = "make the account as the plan file says",
		.details = "Shows the plan and asks, unless --yes. With a saved plan it does "
			   "exactly that plan without asking, or nothing when the account moved "
			   "since. Interrupted or killed: run it again.",
		.examples = "mok apply\nmok apply --yes --events events.jsonl\n"
			    "mok apply plan.json\nmok --sandbox apply --yes\n",
		.options = OPT_BIT(OPT_NO_ESCROW) | OPT_BIT(OPT_FORCE_CONFLICTS),
		.max_args = 1,
		.run = cli_run_apply },
	{ .name = "destroy",
		.arguments = "",
		.summary = "remove what the stack owns",
		.details = "Wants the stack's name, typed or as --confirm STACK. --yes alone is "
			   "enough in the sandbox, or when nothing that goes holds data.",
		.examples = "mok destroy\nmok destroy --confirm social --yes\n"
			    "mok --sandbox destroy --yes\n",
		.options = OPT_BIT(OPT_CONFIRM),
		.run = cli_run_destroy },
	{ .name = "status",
		.arguments = "",
		.summary = "show how the stack and its instance are, on one screen",
		.details = "Reads the account, the cluster and the instance, and writes nothing: "
			   "the instance's health, address and certificate, pods and versions of "
			   "each tier, queues, failed Jobs, nodes, what is not ready, the cost a "
			   "month. Exits 2 when something is not well.",
		.examples = "mok status\nmok status --format json\n",
		.run = cli_run_status },
	{ .name = "upgrade",
		.arguments = "[VERSION]",
		.summary = "move a running Mastodon to another version, without downtime",
		.details =
			"To the plan's version; with VERSION that line of the plan is rewritten "
			"first, and nothing else of the file. Migrations that the old version "
			"lives "
			"with, then Sidekiq, the scheduler, web and streaming roll, then, when no "
			"old pod is left, the other migrations: that step is announced, since "
			"going back means restoring a backup from there on. Before it, --rollback "
			"goes back. Interrupted, killed or failed: run it again, it goes on where "
			"it was. What must not be (a version skipped, an older one, pods that are "
			"not well, no backup of the last day, no room in the database) is refused "
			"with exit code 5; --skip-check lets a check pass.",
		.examples = "mok upgrade                 # to the version that the plan says\n"
			    "mok upgrade 4.7.6 --yes\nmok upgrade --rollback\n",
		.options = OPT_BIT(OPT_ROLLBACK) | OPT_BIT(OPT_FORCE_CONFLICTS) |
			OPT_BIT(OPT_SKIP_CHECK) | OPT_BIT(OPT_PRE_PULL),
		.max_args = 1,
		.run = cli_run_upgrade },
	{ .name = "adopt",
		.arguments = "ADDRESS ID | --all | --from-tfstate FILE",
		.summary = "take over objects that exist",
		.details = "Marks the object as the resource's; nothing else is written. ID is the "
			   "API's, or the name if only one object has it. --all does it for every "
			   "resource without an object where one that nobody has marked has "
			   "exactly its name: it shows them, and what apply would change of them, "
			   "and asks. What another stack has marked, or what has a twin, is left "
			   "alone, and the exit code is 3 then, or 5 when nothing was marked. "
			   "--from-tfstate does it for what a Terraform or OpenTofu state manages: "
			   "by its ids, and it says what only the state or only the plan has. The "
			   "state is only read (docs/terraform.md).",
		.examples = "mok adopt db 9cc10173-e9ea-4176-9dbc-a4cee4c4ff30\n"
			    "mok adopt 'www[\"a\"]' 3352896\n"
			    "mok adopt --all\nmok adopt --all --yes --exclude db\n"
			    "mok adopt --from-tfstate terraform.tfstate\n"
			    "terraform state pull | mok adopt --from-tfstate - --yes\n",
		.options = OPT_BIT(OPT_ALL) | OPT_BIT(OPT_FROM_TFSTATE),
		.max_args = 2,
		.run = cli_run_adopt },
	{ .name = "output",
		.arguments = "[NAME]",
		.summary = "show the outputs' values",
		.details = "Sensitive ones are masked, unless asked for by name or with --json.",
		.examples = "mok output\nmok output kubeconfig >kubeconfig\nmok output --json\n",
		.options = OPT_BIT(OPT_JSON),
		.max_args = 1,
		.run = cli_run_output },
	{ .name = "manifests",
		.arguments = "[-]",
		.summary = "write the Kubernetes objects as YAML",
		.details =
			"-o DIR writes a folder for each wave, in the order in which things must "
			"exist, with a kustomization.yaml; otherwise one stream goes to stdout. "
			"Secrets are left out unless --secrets. What does not exist yet stands "
			"as known-after-apply.ADDRESS.FIELD. --argocd -o DIR writes what a plan "
			"with "
			"gitops.manage: argocd leaves to Argo CD: DIR is gitops.path in the "
			"repository.",
		.examples = "mok manifests --secrets - | kubectl apply --server-side -f -\n"
			    "mok manifests -o deploy/\nmok manifests --offline -o deploy/\n"
			    "mok manifests --argocd -o deploy/\n",
		.options = OPT_BIT(OPT_OUT) | OPT_BIT(OPT_SECRETS) | OPT_BIT(OPT_OFFLINE) |
			OPT_BIT(OPT_ARGOCD),
		.max_args = 1,
		.run = cli_run_manifests },
	{ .name = "graph",
		.arguments = "",
		.summary = "show what needs what",
		.details = "Formats: dot (the default), mermaid, json.",
		.examples = "mok graph | dot -Tsvg >graph.svg\nmok graph --format mermaid\n",
		.run = cli_run_graph },
	{ .name = "log",
		.arguments = "",
		.summary = "show the journal: when, who, what, id",
		.details = "The journal is of this directory; another machine has its own.",
		.examples = "mok log\nmok log --format json\n",
		.run = cli_run_log },
	{ .name = "secrets",
		.arguments = "list|export|import FILE|generate|rotate NAME",
		.summary = "keep what is shown or made once in an encrypted file",
		.details =
			"The file is named in the plan (secrets: { escrow: FILE, recipients: "
			"[age1...] }), in the age format: `age -d -i key.txt FILE` shows it "
			"without "
			"mok. `list` shows names and ages, never values. `export` writes the file "
			"anew "
			"for the recipients of the plan; -o makes a copy (- is stdout), --show "
			"prints "
			"the values. `import` takes an escrow file or Mastodon's .env.production. "
			"`generate` makes those of Mastodon's secrets that are missing. `rotate` "
			"makes "
			"a new value where an instance survives that. Nothing that is held is "
			"overwritten.",
		.examples =
			"age-keygen -o key.txt       # line 2 is the recipient for the plan file\n"
			"mok secrets list --identity key.txt\n"
			"mok secrets import .env.production --identity key.txt\n"
			"mok secrets export -o backup.age --identity key.txt\n"
			"mok secrets export --show >.env.production\n"
			"mok secrets rotate SECRET_KEY_BASE --identity key.txt\n",
		.options = OPT_BIT(OPT_OUT) | OPT_BIT(OPT_SHOW),
		.min_args = 1,
		.max_args = 2,
		.run = cli_run_secrets },
	{ .name = "sandbox",
		.arguments = "",
		.summary = "serve the offline cloud to other tools",
		.details = "Prints the shell lines that point any tool at it, then serves until "
			   "Ctrl-C. The cloud is kept in --dir and goes on when served again.",
		.examples = "mok sandbox --listen 127.0.0.1:8080\n"
			    "eval \"$(mok sandbox --detach --listen 127.0.0.1:0)\"\n"
			    "mok sandbox --stop\nmok sandbox --reset\n",
		.options = OPT_BIT(OPT_LISTEN) | OPT_BIT(OPT_CLOUD_DIR) | OPT_BIT(OPT_TOKEN_FILE) |
			OPT_BIT(OPT_DETACH) | OPT_BIT(OPT_STOP) | OPT_BIT(OPT_RESET) |
			OPT_BIT(OPT_ALLOW_REMOTE) | OPT_BIT(OPT_API_ONLY),
		.run = cli_run_sandbox },
	{ .name = "explain",
		.arguments = "CODE|KIND",
		.summary = "explain a diagnostic's code or a kind's fields",
		.examples = "mok explain E0401\nmok explain database_cluster\n",
		.min_args = 1,
		.max_args = 1,
		.run = cli_run_explain },
	{ .name = "schema",
		.arguments = "",
		.summary = "print the plan file's JSON Schema, for editors",
		.examples = "mok schema >mok.schema.json\n",
		.run = cli_run_schema },
	{ .name = "completion",
		.arguments = "bash|zsh|fish",
		.summary = "print a completion script",
		.examples = "source <(mok completion bash)\nmok completion fish | source\n",
		.min_args = 1,
		.max_args = 1,
		.run = cli_run_completion },
	{ .name = "docs",
		.arguments = "kinds|errors|functions|mastodon",
		.summary = "print a reference page as Markdown",
		.examples = "mok docs kinds >docs/kinds.md\n",
		.min_args = 1,
		.max_args = 1,
		.run = cli_run_docs },
	{ .name = "version",
		.arguments = "",
		.summary = "print the version",
		.examples = "mok version\n",
		.run = cli_run_version },
	{ .name = "help",
		.arguments = "[COMMAND|exit-codes|kinds]",
		.summary = "show this, a command, the exit codes, or the kinds",
		.examples = "mok help plan\nmok help exit-codes\nmok help kinds\n",
		.max_args = 1,
		.run = cli_run_help },
};

const struct cli_command *cli_commands(size_t *count)
{
	*count = MOK_COUNT(commands);
	return commands;
}

const struct cli_command *cli_command_find(const char *name)
{
	for (size_t i = 0; i < MOK_COUNT(commands); i++)
		if (mok_streq(commands[i].name, name))
			return &commands[i];
	return NULL;
}
