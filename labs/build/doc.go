// Package build makes parts of a plan true: wires, the insides of hosts and the
// configurations of routers, each so that it may be there already. The commands
// that bring a lab up and the keeper that heals its hosts build alike.
//
// It must not contain what is to be built, nor the order in which a lab comes
// up.
package build
