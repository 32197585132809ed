// Package store keeps what a lab leaves on disk between commands: its lock, the
// plan and the topology as applied, the keeper's list of routers, the routers'
// configurations, the log of repairs, and the paths of all of these in /run and
// /var/lib.
//
// The files are for speed and for people: what runs is found by marks in the
// kernel. It must not contain how a lab is observed or changed.
package store
