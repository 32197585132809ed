// Package hoststest is what tests with namespaces share: names that nobody else
// has, patience, and a look at what they leave behind.
package hoststest
