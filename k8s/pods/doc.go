// Package pods speaks with the pods of a lab on Kubernetes: it finds them, and runs
// this program inside them through the cluster's API.
//
// It calls kubectl, which knows the user's clusters, credentials and proxies. Nothing
// listens anywhere for it. It must not contain manifests or printing.
package pods
