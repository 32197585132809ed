// Package doctor owns what a server has, what it lacks and what that costs:
// it looks at the kernel, Open vSwitch, disks, limits, sysctls and
// NICs, and judges them against what a lab needs.
//
// Looking (Observe) and judging (Judge) are apart: Judge is a pure function of
// what was seen. It must not contain repairs, knowledge of topologies, or the
// search for running labs: the caller tells what a lab needs and which labs
// there are.
package doctor
