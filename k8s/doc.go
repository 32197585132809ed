// Package k8s writes a lab as manifests of Kubernetes: for each site of the topology a
// StatefulSet of one pod, and for all of them the topology, a name service, and a policy
// that lets them speak to each other only.
//
// It is pure: it talks to no cluster, and what a pod does is in labs/pod.
package k8s
