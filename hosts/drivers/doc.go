// Package drivers lists what customers' hosts can run in. Another runtime is a
// package of its own and a line here.
package drivers
