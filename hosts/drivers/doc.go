// Package drivers lists the runtimes of customers' hosts. Another runtime is a
// package of its own and a line here.
package drivers
