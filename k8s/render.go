package k8s

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"pseudowan/topology"
	"pseudowan/topology/sites"
)

// Options say how a lab is written.
type Options struct {
	Namespace string // "": that of the lab, "pw-" and its name
	Image     string // of the pods
	PerSite   int    // routers

	Sites     []string   // only their StatefulSets; none: all
	Passwords []Password // that the file says are elsewhere
}

// Password is one that the topology keeps elsewhere.
type Password struct {
	Env  string // the variable that has it, as the topology says; or
	File string // the file
	Text string
}

// object is a part of a manifest; its keys are written in alphabetical order.
type object = map[string]any

const (
	// maxConfigMap is what a ConfigMap can hold, in octets, less what surrounds the data.
	maxConfigMap = 1<<20 - 4096

	// maxLab leaves room for the name of a site in that of its StatefulSet: the label
	// that Kubernetes makes of it has 63 octets, ten of which are a hash.
	maxLab = 20

	// variablePrefix begins the names of files with values of environment variables.
	variablePrefix = "env."

	topologyDir  = "/etc/pseudowan"
	topologyFile = "lab.yaml"
)

// File is a manifest.
type File struct {
	Name string
	Text []byte
}

// Render returns the manifests of a lab, an object in each. source is the topology's text.
func Render(t *topology.Topology, source []byte, o Options) ([]File, error) {
	all, err := sites.Divide(t, o.PerSite)
	if err != nil {
		return nil, err
	}
	r := renderer{topology: t, options: o, name: sites.Label(t.Name)}
	if r.name == "" || len(r.name) > maxLab {
		return nil, fmt.Errorf("lab %s: on Kubernetes its name has 1 to %d letters, digits and hyphens; set another name: in its file", t.Name, maxLab)
	}
	if len(source) > maxConfigMap {
		return nil, fmt.Errorf("lab %s: its file has %d octets, and a ConfigMap holds %d; write hosts that are alike as a series with count: N", t.Name, len(source), maxConfigMap)
	}
	r.namespace = cmp.Or(o.Namespace, "pw-"+r.name)
	open, secret, err := r.divideSecrets(source)
	if err != nil {
		return nil, err
	}
	chosen, err := r.chosen(all)
	if err != nil {
		return nil, err
	}
	list := []object{r.space(), r.account(), r.config(open), r.secret(secret), r.service(), r.policy()}
	for _, s := range chosen {
		list = append(list, r.statefulSet(s))
	}
	return encode(list)
}

// chosen are the sites whose StatefulSets are wanted.
func (r renderer) chosen(all []sites.Site) ([]sites.Site, error) {
	if len(r.options.Sites) == 0 {
		return all, nil
	}
	var out []sites.Site
	for _, name := range r.options.Sites {
		s, err := sites.Find(all, name)
		if err != nil {
			return nil, fmt.Errorf("lab %s: %w", r.topology.Name, err)
		}
		if !slices.ContainsFunc(out, func(o sites.Site) bool { return o.Name == s.Name }) {
			out = append(out, s)
		}
	}
	return out, nil
}

// encode writes each object as a file of its own.
func encode(list []object) (files []File, _ error) {
	for _, o := range list {
		var out bytes.Buffer
		e := yaml.NewEncoder(&out)
		e.SetIndent(2)
		if err := errors.Join(e.Encode(o), e.Close()); err != nil {
			return nil, err
		}
		name := strings.ToLower(o["kind"].(string))
		if name == "statefulset" {
			name = "site-" + o["metadata"].(object)["labels"].(object)[SiteLabel].(string)
		}
		files = append(files, File{name + ".yaml", out.Bytes()})
	}
	return files, nil
}

// Join writes manifests as one.
func Join(files []File) []byte {
	var out []byte
	for i, f := range files {
		if i > 0 {
			out = append(out, "---\n"...)
		}
		out = append(out, f.Text...)
	}
	return out
}

// Kustomization returns the file that makes manifests a base of Kustomize.
func Kustomization(files []File) File {
	var b strings.Builder
	b.WriteString("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n")
	for _, f := range files {
		fmt.Fprintf(&b, "  - %s\n", f.Name)
	}
	return File{"kustomization.yaml", []byte(b.String())}
}

// renderer writes the objects of one lab.
type renderer struct {
	topology  *topology.Topology
	options   Options
	name      string // of the lab, as a label
	namespace string
}

// meta is the metadata of an object. The labels are those that Kubernetes recommends.
func (r renderer) meta(name string, more ...string) object {
	return object{"name": name, "namespace": r.namespace, "labels": r.labels(more...)}
}

func (r renderer) labels(more ...string) object {
	out := object{
		"app.kubernetes.io/name": "pseudowan", "app.kubernetes.io/instance": r.name, "app.kubernetes.io/managed-by": "pseudowan",
	}
	for i := 0; i+1 < len(more); i += 2 {
		out[more[i]] = more[i+1]
	}
	return out
}

// pods selects the lab's.
func (r renderer) pods() object {
	return object{"matchLabels": object{"app.kubernetes.io/name": "pseudowan", "app.kubernetes.io/instance": r.name}}
}

// space is the namespace. A pod with capabilities beyond the usual needs the level
// "privileged", although it is not (Pod Security Standards).
func (r renderer) space() object {
	labels := r.labels("pod-security.kubernetes.io/enforce", "privileged")
	return object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": r.namespace, "labels": labels}}
}

// account is the pods': without rights, and without a token.
func (r renderer) account() object {
	return object{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": r.meta(r.name), "automountServiceAccountToken": false}
}

// service gives the pods names, also before they are ready: that they find each other
// makes them so.
func (r renderer) service() object {
	return object{"apiVersion": "v1", "kind": "Service", "metadata": r.meta(r.name), "spec": object{
		"clusterIP": "None", "publishNotReadyAddresses": true, "selector": r.pods()["matchLabels"],
		"ports": []object{{"name": "vxlan", "port": vxlanPort, "protocol": "UDP"}},
	}}
}

// vxlanPort is the UDP port of VXLAN (RFC 7348 section 5).
const vxlanPort = 4789

// policy lets the lab's pods speak to each other, and ask for names.
func (r renderer) policy() object {
	each := []object{{"podSelector": r.pods()}}
	tunnels := []object{{"port": vxlanPort, "protocol": "UDP"}}
	names := []object{{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}}
	return object{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": r.meta(r.name), "spec": object{
		"podSelector": r.pods(), "policyTypes": []string{"Ingress", "Egress"},
		"ingress": []object{{"from": each, "ports": tunnels}},
		"egress":  []object{{"to": each, "ports": tunnels}, {"ports": names}},
	}}
}

// SiteLabel names the site of a pod and of its StatefulSet; Selector selects both, of all
// sites.
const (
	SiteLabel = "pseudowan.site"
	Selector  = "app.kubernetes.io/name=pseudowan,app.kubernetes.io/component=site"
)

// statefulSet is a site. Each has one of its own, so that sites come, go and differ
// without touching others.
func (r renderer) statefulSet(s sites.Site) object {
	name := r.name + "-" + s.Name
	labels := r.labels("app.kubernetes.io/component", "site", SiteLabel, s.Name)
	return object{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": object{"name": name, "namespace": r.namespace, "labels": labels}, "spec": object{
		"serviceName": r.name, "replicas": 1,
		"selector": object{"matchLabels": object{"app.kubernetes.io/instance": r.name, SiteLabel: s.Name}},
		"template": object{"metadata": object{"labels": labels}, "spec": r.pod(s)},
	}}
}

// grace is what a pod may take to take its site down, in seconds.
const grace = 30

func (r renderer) pod(s sites.Site) object {
	return object{
		"serviceAccountName": r.name, "automountServiceAccountToken": false, "enableServiceLinks": false,
		"terminationGracePeriodSeconds": grace,
		// Where nodes have AppArmor, its usual profile denies mounts.
		"securityContext": object{"seccompProfile": object{"type": "RuntimeDefault"}, "appArmorProfile": object{"type": "Unconfined"}},
		"topologySpreadConstraints": []object{{
			"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": r.pods(),
		}},
		"containers": []object{r.container(s)},
		"volumes": []object{
			{"name": "topology", "projected": object{"defaultMode": ownerOnly, "sources": []object{
				{"configMap": object{"name": r.name}}, {"secret": object{"name": r.name}},
			}}},
			{"name": "tun", "hostPath": object{"path": "/dev/net/tun", "type": "CharDevice"}},
			{"name": "run", "emptyDir": object{"medium": "Memory"}},
			{"name": "state", "emptyDir": object{}},
			{"name": "tmp", "emptyDir": object{}},
		},
	}
}

// capabilities are the least with which a site works: interfaces, namespaces and mounts,
// raw sockets of Open vSwitch, the port of BGP.
var capabilities = []string{"NET_ADMIN", "NET_RAW", "SYS_ADMIN", "NET_BIND_SERVICE"}

func (r renderer) container(s sites.Site) object {
	peer := r.name + "-%s-0." + r.name
	return object{
		"name": "site", "image": r.options.Image, "imagePullPolicy": "IfNotPresent",
		"args": []string{"k8s", "site", s.Name, "--lab", r.topology.Name, "--file", topologyDir + "/" + topologyFile, "--per-site", strconv.Itoa(r.options.PerSite), "--peer", peer},
		"securityContext": object{
			"allowPrivilegeEscalation": true, // SYS_ADMIN implies it
			"readOnlyRootFilesystem":   true,
			"capabilities":             object{"drop": []string{"ALL"}, "add": capabilities},
		},
		"readinessProbe": object{
			// It answers at once in a site that has converged. In others it waits, rather than
			// be started again and again, of which many pods on a node would have nothing else to do.
			"exec":          object{"command": strings.Fields("pseudowan wait --for converged --timeout 8s")},
			"periodSeconds": 10, "timeoutSeconds": 10,
		},
		"resources": object{"requests": object{"cpu": "100m", "memory": r.memory(s)}},
		"volumeMounts": []object{
			{"name": "topology", "mountPath": topologyDir, "readOnly": true},
			{"name": "tun", "mountPath": "/dev/net/tun"},
			{"name": "run", "mountPath": "/run"},
			{"name": "state", "mountPath": "/var/lib/pseudowan"},
			{"name": "tmp", "mountPath": "/tmp"},
		},
	}
}
