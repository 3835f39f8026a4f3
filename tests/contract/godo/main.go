// What godo, DigitalOcean's own Go client, makes of the sandbox: through the life of every kind that mok
// manages. doctl, the Terraform provider and DigitalOcean's controllers all stand on it. It sends empty
// texts, nulls and zero times where others leave fields out, and its types refuse what has another form.
//
// Where: DIGITALOCEAN_API_URL. Prints a line for each life, and a summary.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/digitalocean/godo"
)

var (
	ctx    = context.Background()
	do     *godo.Client
	bucket = os.Getenv("GODO_BUCKET") // exists, in ams3
)

// A failure ends a life.
type failure struct{ error }

func fail(format string, args ...any) {
	panic(failure{fmt.Errorf(format, args...)})
}

func check(holds bool, format string, args ...any) {
	if !holds {
		fail(format, args...)
	}
}

func got[T any](value T, _ *godo.Response, err error) T {
	if err != nil {
		fail("%w", err)
	}
	return value
}

func done(_ *godo.Response, err error) {
	if err != nil {
		fail("%w", err)
	}
}

// refused checks that the API answered with this status.
func refused(err error, status int) {
	var answer *godo.ErrorResponse
	check(errors.As(err, &answer), "no answer of the API: %v", err)
	check(answer.Response.StatusCode == status, "%v", err)
}

func until(what string, holds func() bool) {
	for end := time.Now().Add(60 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			fail("never: %s", what)
		}
	}
}

func ptr[T any](value T) *T {
	return &value
}

func account() {
	check(got(do.Account.Get(ctx)).UUID != "", "an account")
	check(len(got(do.Regions.List(ctx, &godo.ListOptions{PerPage: 200}))) > 5, "regions")
	check(len(got(do.Sizes.List(ctx, &godo.ListOptions{PerPage: 200}))) > 20, "sizes")
}

func vpcs() {
	got(do.VPCs.Create(ctx, &godo.VPCCreateRequest{Name: "first", RegionSlug: "ams3"}))
	made := got(do.VPCs.Create(ctx, &godo.VPCCreateRequest{Name: "net", RegionSlug: "ams3", IPRange: "10.20.0.0/20"}))
	check(made.URN == "do:vpc:"+made.ID && made.CreatedAt.Year() > 2000 && !made.Default, "%v", made)
	changed := got(do.VPCs.Update(ctx, made.ID, &godo.VPCUpdateRequest{Name: "net2", Description: "d"}))
	check(changed.Name == "net2" && changed.Description == "d", "%v", changed)
	changed = got(do.VPCs.Set(ctx, made.ID, godo.VPCSetDescription("e")))
	check(changed.Name == "net2" && changed.Description == "e", "%v", changed)
	check(len(got(do.VPCs.ListMembers(ctx, made.ID, &godo.VPCListMembersRequest{}, nil))) == 0, "members")
	check(len(got(do.VPCs.List(ctx, nil))) >= 2, "VPCs")
	done(do.VPCs.Delete(ctx, made.ID))
	_, _, err := do.VPCs.Get(ctx, made.ID)
	refused(err, http.StatusNotFound)
}

func domains() {
	got(do.Domains.Create(ctx, &godo.DomainCreateRequest{Name: "a.example", IPAddress: "192.0.2.1"}))
	check(got(do.Domains.Get(ctx, "a.example")).TTL == 1800, "ttl")
	for _, record := range []godo.DomainRecordEditRequest{
		{Type: "A", Name: "www", Data: "192.0.2.2", TTL: 60},
		{Type: "AAAA", Name: "www", Data: "2001:db8::1"},
		{Type: "CNAME", Name: "files", Data: "other.example."},
		{Type: "MX", Name: "@", Data: "mail.example.", Priority: 10},
		{Type: "TXT", Name: "@", Data: "v=spf1 -all"},
		{Type: "SRV", Name: "_sip._tcp", Data: "sip.example.", Priority: 1, Port: 5060, Weight: 2},
		{Type: "CAA", Name: "@", Data: "letsencrypt.org.", Flags: 0, Tag: "issue"},
	} {
		made := got(do.Domains.CreateRecord(ctx, "a.example", &record))
		check(made.Type == record.Type && made.Name == record.Name && made.ID > 0, "%v", made)
		record.TTL = 120
		check(got(do.Domains.EditRecord(ctx, "a.example", made.ID, &record)).TTL == 120, "%s", record.Type)
		check(got(do.Domains.Record(ctx, "a.example", made.ID)).TTL == 120, "%s", record.Type)
	}
	check(len(got(do.Domains.RecordsByType(ctx, "a.example", "NS", nil))) == 3, "by type")
	check(len(got(do.Domains.RecordsByName(ctx, "a.example", "www.a.example", nil))) == 2, "by name")
	only := got(do.Domains.RecordsByTypeAndName(ctx, "a.example", "A", "www.a.example", nil))
	check(len(only) == 1, "by both: %v", only)
	done(do.Domains.DeleteRecord(ctx, "a.example", only[0].ID))
	_, _, err := do.Domains.Record(ctx, "a.example", only[0].ID)
	refused(err, http.StatusNotFound)
	_, _, err = do.Domains.CreateRecord(ctx, "a.example", &godo.DomainRecordEditRequest{Type: "A", Name: "x", Data: "no address"})
	refused(err, http.StatusUnprocessableEntity)
	done(do.Domains.Delete(ctx, "a.example"))
}

func cluster() *godo.KubernetesCluster {
	made := got(do.Kubernetes.Create(ctx, &godo.KubernetesClusterCreateRequest{
		Name: "k", RegionSlug: "ams3", VersionSlug: got(do.Kubernetes.GetOptions(ctx)).Versions[0].Slug, Tags: []string{"mine"},
		NodePools: []*godo.KubernetesNodePoolCreateRequest{{Name: "base", Size: "s-2vcpu-4gb", Count: 2,
			Labels: map[string]string{"a": "b"}, Taints: []godo.Taint{{Key: "t", Value: "v", Effect: "NoSchedule"}}}}}))
	until("a running cluster", func() bool {
		made = got(do.Kubernetes.Get(ctx, made.ID))
		return made.Status.State == godo.KubernetesClusterStatusRunning
	})
	return made
}

func kubernetes() {
	made := cluster()
	check(made.NodePools[0].Taints[0].Key == "t" && len(made.NodePools[0].Nodes) == 2, "%v", made.NodePools[0])
	check(made.MaintenancePolicy != nil && made.MaintenancePolicy.StartTime != "", "a maintenance policy")
	got(do.Kubernetes.GetUpgrades(ctx, made.ID))
	check(len(got(do.Kubernetes.GetUser(ctx, made.ID)).Groups) >= 0, "a user")
	check(len(got(do.Kubernetes.GetKubeConfig(ctx, made.ID, &godo.KubernetesClusterKubeconfigGetRequest{})).KubeconfigYAML) > 0, "a kubeconfig")
	key := got(do.Kubernetes.GetCredentials(ctx, made.ID, &godo.KubernetesClusterCredentialsGetRequest{}))
	check(key.Token != "" && key.ExpiresAt.After(time.Unix(0, 0)) && len(key.CertificateAuthorityData) > 0, "credentials")
	day, err := godo.KubernetesMaintenanceToDay("sunday")
	check(err == nil, "%v", err)
	changed := got(do.Kubernetes.Update(ctx, made.ID, &godo.KubernetesClusterUpdateRequest{Name: "k2", AutoUpgrade: ptr(true),
		MaintenancePolicy: &godo.KubernetesMaintenancePolicy{StartTime: "04:00", Day: day}}))
	check(changed.Name == "k2" && changed.AutoUpgrade && changed.MaintenancePolicy.Day == day, "%v", changed)
	check(len(got(do.Kubernetes.ListAssociatedResourcesForDeletion(ctx, made.ID)).Volumes) == 0, "nothing associated")
	pool := got(do.Kubernetes.CreateNodePool(ctx, made.ID, &godo.KubernetesNodePoolCreateRequest{Name: "web",
		Size: "s-1vcpu-2gb", AutoScale: true, MinNodes: 1, MaxNodes: 3, Count: 1}))
	pool = got(do.Kubernetes.UpdateNodePool(ctx, made.ID, pool.ID, &godo.KubernetesNodePoolUpdateRequest{Count: ptr(2),
		AutoScale: ptr(false), Labels: map[string]string{"x": "y"}, Taints: &[]godo.Taint{}}))
	check(!pool.AutoScale && pool.Labels["x"] == "y", "%v", pool)
	until("two nodes", func() bool {
		pool = got(do.Kubernetes.GetNodePool(ctx, made.ID, pool.ID))
		return len(pool.Nodes) == 2 && pool.Nodes[0].Status.State == "running" && pool.Nodes[1].Status.State == "running"
	})
	done(do.Kubernetes.DeleteNode(ctx, made.ID, pool.ID, pool.Nodes[0].ID, &godo.KubernetesNodeDeleteRequest{Replace: true}))
	check(len(got(do.Kubernetes.ListNodePools(ctx, made.ID, nil))) == 2, "two pools")
	done(do.Kubernetes.DeleteNodePool(ctx, made.ID, pool.ID))
	done(do.Kubernetes.DeleteDangerous(ctx, made.ID))
	until("the cluster's end", func() bool {
		_, answer, _ := do.Kubernetes.Get(ctx, made.ID)
		return answer.StatusCode == http.StatusNotFound
	})
}

func database(request godo.DatabaseCreateRequest) *godo.Database {
	request.Region, request.NumNodes = "ams3", 1
	made := got(do.Databases.Create(ctx, &request))
	until("an online database", func() bool {
		made = got(do.Databases.Get(ctx, made.ID))
		return made.Status == "online"
	})
	return made
}

func postgres(name string) *godo.Database {
	return database(godo.DatabaseCreateRequest{Name: name, EngineSlug: "pg", Version: "17", SizeSlug: "db-s-2vcpu-4gb", Tags: []string{"mine"}})
}

func databases() {
	check(len(got(do.Databases.ListOptions(ctx)).PostgresSQLOptions.Versions) > 0, "versions")
	made := postgres("db")
	check(made.Connection.Password != "" && made.Connection.Port == 25060 && made.StorageSizeMib > 0, "%v", made)
	check(made.MaintenanceWindow.Day != "" && made.CreatedAt.Year() > 2000, "%v", made)
	done(do.Databases.UpdateMaintenance(ctx, made.ID, &godo.DatabaseUpdateMaintenanceRequest{Day: "tuesday", Hour: "14:00"}))
	done(do.Databases.Resize(ctx, made.ID, &godo.DatabaseResizeRequest{SizeSlug: "db-s-4vcpu-8gb", NumNodes: 2}))
	until("the new size", func() bool {
		now := got(do.Databases.Get(ctx, made.ID))
		return now.SizeSlug == "db-s-4vcpu-8gb" && now.NumNodes == 2 && now.Status == "online"
	})
	done(do.Databases.UpdatePostgreSQLConfig(ctx, made.ID, &godo.PostgreSQLConfig{WorkMem: ptr(8)}))
	check(*got(do.Databases.GetPostgreSQLConfig(ctx, made.ID)).WorkMem == 8, "work_mem")
	check(len(got(do.Databases.GetCA(ctx, made.ID)).Certificate) > 0, "a CA")
	got(do.Databases.ListBackups(ctx, made.ID, nil))
	got(do.Databases.GetMetricsCredentials(ctx))
	check(len(got(do.Databases.List(ctx, nil))) == 1, "one database")
	done(do.Databases.Delete(ctx, made.ID))
	_, _, err := do.Databases.Get(ctx, made.ID)
	refused(err, http.StatusNotFound)
}

func databaseChildren() {
	id := postgres("parent").ID
	user := got(do.Databases.CreateUser(ctx, id, &godo.DatabaseCreateUserRequest{Name: "app"}))
	check(user.Role == "normal" && user.Password != "", "a user")
	again := got(do.Databases.ResetUserAuth(ctx, id, "app", &godo.DatabaseResetUserAuthRequest{}))
	check(again.Password != "" && again.Password != user.Password, "a new password")
	check(got(do.Databases.CreateDB(ctx, id, &godo.DatabaseCreateDBRequest{Name: "app"})).Name == "app", "a database")
	check(len(got(do.Databases.ListDBs(ctx, id, nil))) == 2 && len(got(do.Databases.ListUsers(ctx, id, nil))) == 2, "lists")
	pool := got(do.Databases.CreatePool(ctx, id, &godo.DatabaseCreatePoolRequest{Name: "web", Mode: "transaction", Size: 10,
		Database: "app", User: "app"}))
	check(pool.Connection.Port == 25061 && pool.PrivateConnection.Host != "", "%v", pool)
	done(do.Databases.UpdatePool(ctx, id, "web", &godo.DatabaseUpdatePoolRequest{Mode: "session", Size: 12, Database: "app", User: "app"}))
	check(got(do.Databases.GetPool(ctx, id, "web")).Size == 12, "a changed pool")
	done(do.Databases.UpdateFirewallRules(ctx, id, &godo.DatabaseUpdateFirewallRulesRequest{Rules: []*godo.DatabaseFirewallRule{
		{Type: "ip_addr", Value: "192.0.2.1"}, {Type: "tag", Value: "web"}}}))
	rules := got(do.Databases.GetFirewallRules(ctx, id))
	check(len(rules) == 2 && rules[0].ClusterUUID == id && rules[0].CreatedAt.Year() > 2000, "%v", rules)
	done(do.Databases.UpdateFirewallRules(ctx, id, &godo.DatabaseUpdateFirewallRulesRequest{Rules: []*godo.DatabaseFirewallRule{&rules[0]}}))
	check(len(got(do.Databases.GetFirewallRules(ctx, id))) == 1, "one rule")
	done(do.Databases.DeletePool(ctx, id, "web"))
	done(do.Databases.DeleteDB(ctx, id, "app"))
	done(do.Databases.DeleteUser(ctx, id, "app"))
	_, _, err := do.Databases.GetUser(ctx, id, "app")
	refused(err, http.StatusNotFound)
}

func replica() {
	id := database(godo.DatabaseCreateRequest{Name: "read", EngineSlug: "pg", Version: "17", SizeSlug: "db-s-1vcpu-2gb"}).ID
	request := godo.DatabaseCreateReplicaRequest{Name: "reader", Region: "ams3", Size: "db-s-1vcpu-2gb", Tags: []string{"mine"}}
	until("a replica, once there is a backup", func() bool {
		_, _, err := do.Databases.CreateReplica(ctx, id, &request)
		return err == nil
	})
	until("it is online", func() bool { return got(do.Databases.GetReplica(ctx, id, "reader")).Status == "online" })
	check(len(got(do.Databases.ListReplicas(ctx, id, nil))) == 1, "one replica")
	done(do.Databases.DeleteReplica(ctx, id, "reader"))
}

func valkey() {
	made := database(godo.DatabaseCreateRequest{Name: "cache", EngineSlug: "valkey", Version: "8", SizeSlug: "db-s-1vcpu-2gb"})
	done(do.Databases.SetEvictionPolicy(ctx, made.ID, godo.EvictionPolicyAllKeysLRU))
	check(got(do.Databases.GetEvictionPolicy(ctx, made.ID)) == godo.EvictionPolicyAllKeysLRU, "an eviction policy")
	done(do.Databases.UpdateValkeyConfig(ctx, made.ID, &godo.ValkeyConfig{ValkeyTimeout: ptr(120)}))
	check(*got(do.Databases.GetValkeyConfig(ctx, made.ID)).ValkeyTimeout == 120, "a timeout")
}

func opensearch() {
	made := database(godo.DatabaseCreateRequest{Name: "search", EngineSlug: "opensearch", Version: "2", SizeSlug: "db-s-2vcpu-4gb"})
	check(made.Connection.Protocol == "https" && made.UIConnection != nil, "%v", made.Connection)
	got(do.Databases.GetOpensearchConfig(ctx, made.ID))
	got(do.Databases.ListIndexes(ctx, made.ID, nil))
}

func projects() {
	fallback := got(do.Projects.GetDefault(ctx))
	check(fallback.IsDefault, "%v", fallback)
	made := got(do.Projects.Create(ctx, &godo.CreateProjectRequest{Name: "p", Purpose: "Web Application", Environment: "Production"}))
	got(do.Domains.Create(ctx, &godo.DomainCreateRequest{Name: "p.example"}))
	check(len(got(do.Projects.AssignResources(ctx, made.ID, &godo.Domain{Name: "p.example"}))) == 1, "assigned")
	listed := got(do.Projects.ListResources(ctx, made.ID, nil))
	check(len(listed) == 1 && listed[0].URN == "do:domain:p.example", "%v", listed)
	_, err := do.Projects.Delete(ctx, made.ID)
	refused(err, http.StatusPreconditionFailed)
	got(do.Projects.AssignResources(ctx, fallback.ID, "do:domain:p.example"))
	check(got(do.Projects.Update(ctx, made.ID, &godo.UpdateProjectRequest{Description: "d"})).Description == "d", "a description")
	done(do.Projects.Delete(ctx, made.ID))
}

func certificatesAndCDN() {
	got(do.Domains.Create(ctx, &godo.DomainCreateRequest{Name: "le.example"}))
	made := got(do.Certificates.Create(ctx, &godo.CertificateRequest{Name: "le", Type: "lets_encrypt", DNSNames: []string{"le.example"}}))
	until("a verified certificate", func() bool { return got(do.Certificates.Get(ctx, made.ID)).State == "verified" })
	check(len(got(do.Certificates.ListByName(ctx, "le", nil))) == 1, "by name")
	endpoint := got(do.CDNs.Create(ctx, &godo.CDNCreateRequest{Origin: bucket + ".ams3.digitaloceanspaces.com", TTL: 3600}))
	check(endpoint.Endpoint == bucket+".ams3.cdn.digitaloceanspaces.com", "%v", endpoint)
	check(got(do.CDNs.UpdateTTL(ctx, endpoint.ID, &godo.CDNUpdateTTLRequest{TTL: 600})).TTL == 600, "a TTL")
	done(do.CDNs.FlushCache(ctx, endpoint.ID, &godo.CDNFlushCacheRequest{Files: []string{"*"}}))
	done(do.CDNs.Delete(ctx, endpoint.ID))
	done(do.Certificates.Delete(ctx, made.ID))
}

func spacesKeys() {
	made := got(do.SpacesKeys.Create(ctx, &godo.SpacesKeyCreateRequest{Name: "k",
		Grants: []*godo.Grant{{Bucket: bucket, Permission: godo.SpacesKeyReadWrite}}}))
	check(made.AccessKey != "" && made.SecretKey != "", "a key")
	changed := got(do.SpacesKeys.Update(ctx, made.AccessKey, &godo.SpacesKeyUpdateRequest{Name: "k2", Grants: made.Grants}))
	check(changed.Name == "k2" && changed.SecretKey == "", "a secret is shown once")
	done(do.SpacesKeys.Delete(ctx, made.AccessKey))
	_, _, err := do.SpacesKeys.Get(ctx, made.AccessKey)
	refused(err, http.StatusNotFound)
}

func tags() {
	got(do.Tags.Create(ctx, &godo.TagCreateRequest{Name: "blue"}))
	id := postgres("tagged").ID
	resources := []godo.Resource{{ID: id, Type: godo.DatabaseResourceType}}
	done(do.Tags.TagResources(ctx, "blue", &godo.TagResourcesRequest{Resources: resources}))
	tag := got(do.Tags.Get(ctx, "blue"))
	check(tag.Resources.Count == 1 && tag.Resources.Databases.Count == 1, "%v", tag.Resources)
	done(do.Tags.UntagResources(ctx, "blue", &godo.UntagResourcesRequest{Resources: resources}))
	done(do.Tags.Delete(ctx, "blue"))
}

func loadBalancersAndVolumes() {
	balancer := got(do.LoadBalancers.Create(ctx, &godo.LoadBalancerRequest{Name: "lb", Region: "ams3", SizeUnit: 1,
		ForwardingRules: []godo.ForwardingRule{{EntryProtocol: "tcp", EntryPort: 80, TargetProtocol: "tcp", TargetPort: 30080}}}))
	until("an active load balancer", func() bool {
		balancer = got(do.LoadBalancers.Get(ctx, balancer.ID))
		return balancer.Status == "active" && balancer.IP != ""
	})
	check(len(got(do.LoadBalancers.ListByNames(ctx, []string{"lb"}, nil))) >= 1, "by name")
	done(do.LoadBalancers.Delete(ctx, balancer.ID))
	volume := got(do.Storage.CreateVolume(ctx, &godo.VolumeCreateRequest{Name: "data", Region: "ams3", SizeGigaBytes: 10}))
	check(volume.SizeGigaBytes == 10 && volume.Region.Slug == "ams3", "%v", volume)
	check(len(got(do.Storage.ListVolumes(ctx, &godo.ListVolumeParams{Name: "data", Region: "ams3"}))) == 1, "by name")
	done(do.Storage.DeleteVolume(ctx, volume.ID))
}

func pages() {
	for i := range 5 {
		got(do.Tags.Create(ctx, &godo.TagCreateRequest{Name: fmt.Sprintf("t%d", i)}))
	}
	options, seen := &godo.ListOptions{PerPage: 2}, 0
	for {
		page, answer, err := do.Tags.List(ctx, options)
		check(err == nil, "%v", err)
		seen += len(page)
		check(answer.Meta.Total >= 5, "%v", answer.Meta)
		if answer.Links == nil || answer.Links.IsLastPage() {
			break
		}
		at, err := answer.Links.CurrentPage()
		check(err == nil, "%v", err)
		options.Page = at + 1
	}
	check(seen >= 5, "%d tags over all pages", seen)
	check(do.GetRate().Limit > 0, "a rate limit in the headers")
}

// try runs one life and tells how it went.
func try(name string, life func()) (passed bool) {
	start := time.Now()
	defer func() {
		if reason := recover(); reason != nil {
			fmt.Printf("FAIL  %s: %v\n", name, reason)
			passed = false
		}
	}()
	life()
	fmt.Printf("ok    %s (%.1f s)\n", name, time.Since(start).Seconds())
	return true
}

func main() {
	var err error
	do = godo.NewFromToken("dop_v1_godo")
	if do.BaseURL, err = do.BaseURL.Parse(os.Getenv("DIGITALOCEAN_API_URL") + "/"); err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	lives := []struct {
		name string
		life func()
	}{{"account", account}, {"vpcs", vpcs}, {"domains", domains}, {"kubernetes", kubernetes}, {"databases", databases},
		{"database_children", databaseChildren}, {"replica", replica}, {"valkey", valkey}, {"opensearch", opensearch},
		{"projects", projects}, {"certificates_and_cdn", certificatesAndCDN}, {"spaces_keys", spacesKeys}, {"tags", tags},
		{"load_balancers_and_volumes", loadBalancersAndVolumes}, {"pages", pages}}
	failed := 0
	for _, l := range lives {
		if !try(l.name, l.life) {
			failed++
		}
	}
	fmt.Printf("%d passed, %d failed, 0 skipped\n", len(lives)-failed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
