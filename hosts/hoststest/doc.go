// Package hoststest is what tests with namespaces share: unique names, polling,
// and a check of what they leave behind.
package hoststest
