// Package preview says what a changed topology means for a lab before it is applied: who
// will reach whom, what routers announce and withdraw, and which VRFs stay as they are.
//
// It is a pure function of two topologies. It must not contain what is done to nodes,
// which labs/plan knows, or anything that looks at a running lab.
package preview
