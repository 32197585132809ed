// Package pod is what a pod of Kubernetes does that runs one site of a lab: it brings
// the site up and follows the file, aims the tunnels at the pods of the other sites,
// accepts frames from nobody else, and takes the site down at the end.
//
// It knows names of the other pods and nothing of the cluster's API. It must not
// contain manifests; package k8s writes them.
package pod
