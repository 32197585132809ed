// Package sites divides a topology into sites: routers with their hosts that run apart
// from the others, each in a pod of its own. Links between sites become tunnels.
//
// The division is pure: everybody who has the same file finds the same sites. It must
// not contain plans, and nothing of Kubernetes.
package sites
