// Generate writes the pages of docs that follow from the program: the reference
// of the commands, of the topology file and of the JSON documents, the ready
// labs with their pictures, and what doctor finds with its remedies.
//
//	go generate ./docs/generate
//
// It asks the program itself wherever that can answer. It must not contain facts
// about commands, keys or labs; pages written by hand are not its business.
package main
