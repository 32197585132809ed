package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"pseudowan/k8s"
	"pseudowan/labs"
	"pseudowan/labs/catalog"
	"pseudowan/labs/pod"
	"pseudowan/topology"
)

func newK8s(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:     "k8s",
		GroupID: groupRun,
		Short:   "Run a lab on Kubernetes, a site in each pod",
		Long: `K8s is about labs that are too large for one server. Their routers, each with its
hosts, are sites that run in pods of their own; links between sites are VXLAN tunnels.`,
		Example: `  pseudowan k8s render pseudo-wan | kubectl apply -f -`,
	}
	c.AddCommand(newK8sRender(s), newK8sSite(s), newK8sAnswer(s))
	onlySubcommands(c)
	return c
}

const renderHelp = `Render prints a lab of the catalogue or of a file as manifests for kubectl: a
namespace, the topology as a ConfigMap, passwords as a Secret, a Service that gives the
pods names, a NetworkPolicy that lets them speak to each other only, and for each site a
StatefulSet of one pod. Applied again after an edit, the running sites change by what
the edit says; pods are not restarted for it. What an edit removes is removed with
kubectl apply --prune, or by hand.

Passwords that the file says are in files or variables of this machine are read, and go
into the Secret. A file with passwords in its own text goes there as a whole.

A site is a router with its hosts. Routers that share hosts are one site; --per-site
puts more routers into each, with --sites only some are printed. --kustomize writes a
directory that kubectl apply -k takes, and overlays refer to. A pod is not privileged: it has the capabilities
NET_ADMIN, NET_RAW, SYS_ADMIN and NET_BIND_SERVICE and the device /dev/net/tun, for
which its namespace needs the Pod Security level "privileged".`

func newK8sRender(s streams) *cobra.Command {
	o := k8s.Options{}
	dir := ""
	c := &cobra.Command{
		Use:   "render LAB|FILE",
		Short: "Print the manifests of a lab",
		Long:  renderHelp,
		Example: `  pseudowan k8s render pseudo-wan | kubectl apply -f -
  pseudowan k8s render pseudo-wan --kustomize base
  pseudowan k8s render my-lab.yaml --per-site 4 --image registry.example/pseudowan:1.0 > my-lab-k8s.yaml`,
		Args:              takes("LAB|FILE"),
		ValidArgsFunction: completing(readyLabs, cobra.ShellCompDirectiveDefault),
		RunE: func(_ *cobra.Command, args []string) error {
			t, source, err := catalog.Load(args[0], s.in)
			if err != nil {
				return err
			}
			if o.Passwords, err = passwordsOf(t, source); err != nil {
				return err
			}
			files, err := k8s.Render(t, source, o)
			if err != nil {
				return err
			}
			if dir != "" {
				return writeBase(s, dir, files)
			}
			_, err = s.out.Write(k8s.Join(files))
			return err
		},
	}
	c.Flags().StringVar(&o.Namespace, "namespace", "", "the namespace (default pw- and the lab's name)")
	c.Flags().StringVar(&o.Image, "image", "pseudowan-site:latest", "the image of the pods, as make image builds it")
	c.Flags().IntVar(&o.PerSite, "per-site", 1, "routers of a site")
	c.Flags().StringSliceVar(&o.Sites, "sites", nil, "only these sites, with what all have in common (default all)")
	c.Flags().StringVar(&dir, "kustomize", "", "write a base of Kustomize into this directory, which must be new or empty")
	return c
}

// passwordsOf reads the passwords that a topology keeps elsewhere.
func passwordsOf(t *topology.Topology, source []byte) (out []k8s.Password, _ error) {
	secrets, err := labs.Secrets(t, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	written, err := topology.Parse(t.Source, source) // with the paths as they are there
	if err != nil {
		return nil, err
	}
	at := t.Passwords()
	for i, p := range written.Passwords() {
		if p.Elsewhere() {
			out = append(out, k8s.Password{Env: p.Env, File: p.File, Text: secrets[at[i].Source()]})
		}
	}
	return out, nil
}

// writeBase writes manifests as a base of Kustomize.
func writeBase(s streams, dir string, files []k8s.File) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if there, err := os.ReadDir(dir); err != nil || len(there) > 0 {
		return cmp.Or(err, fmt.Errorf("directory %s is not empty; name a new one", dir))
	}
	for _, f := range append(files, k8s.Kustomization(files)) {
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Text, 0o600); err != nil { // one has passwords
			return err
		}
	}
	_, err := fmt.Fprintf(s.out, "wrote %d manifests into %s; kubectl apply -k %[2]s\n", len(files), dir)
	return err
}

func newK8sSite(s streams) *cobra.Command {
	var o pod.Options
	c := &cobra.Command{
		Use:    "site NAME",
		Hidden: true,
		Short:  "Be the process of a site's pod",
		Args:   takes("NAME"),
		RunE: func(c *cobra.Command, args []string) error {
			log, flush := logger(s.err)
			defer flush()
			o.Site, o.Log = args[0], log
			return pod.Run(c.Context(), o)
		},
	}
	c.Flags().StringVar(&o.Lab, "lab", "", "the lab's name")
	c.Flags().StringVar(&o.File, "file", "", "the topology")
	c.Flags().IntVar(&o.PerSite, "per-site", 1, "routers of a site")
	c.Flags().StringVar(&o.Peer, "peer", "", "the name of a site's pod, with %s for the site")
	return c
}
