// Package rowstream carries the rows of a table from a router's agent to a command, in
// blocks, as the agent reads them. It is for tables of up to a million rows: a row takes a
// few tens of octets, a text that comes again only its number, and reading one costs a
// fraction of what JSON does.
//
// Both ends must have the same type of rows. Schema describes one, so that an agent and a
// command of different versions find out before the first row.
//
// The package knows no table, connection or request. What programs of others read is JSON,
// which package show writes.
package rowstream
