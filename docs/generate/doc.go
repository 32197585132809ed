// Generate writes the generated pages of docs: the reference of the commands,
// of the topology file and of the JSON documents, the ready labs with their
// pictures, and what doctor finds with its remedies.
//
//	go generate ./docs/generate
//
// It asks the program itself wherever possible. It must not contain facts about
// commands, keys or labs, nor pages written by hand.
package main
