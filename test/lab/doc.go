// Package lab holds the tests that run whole labs: the built program, real
// Open vSwitch, real BGP sessions, real packets on the wires. They need root
// and leave nothing behind.
//
// It contains tests only; what they prove is said in their names and comments.
package lab
