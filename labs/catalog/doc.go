// Package catalog finds the topology that a command names: one of the ready
// labs that come with the program, a file, or standard input.
//
// It must not contain what a file means, which belongs to the topology room, nor
// anything about running labs.
package catalog
