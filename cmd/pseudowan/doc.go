// Pseudowan runs MPLS L3VPN labs on one Linux server.
//
// This package owns the command line: flags, help, signals, progress and exit
// codes. Each command makes one call into a room (labs, labs/look,
// labs/catalog, topology) and prints the result with show. It must not contain
// decisions about labs or the layout of tables.
package main
