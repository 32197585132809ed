// Package edit changes the text of a lab file: it adds, sets and removes VRFs, routes,
// hosts, attachments, LANs, policies, prefix lists, BGP sessions, redistribution and BMP stations, and
// keeps the rest, comments included.
//
// It is a pure function of the text. It must not contain validation of the result, which
// topology.Parse does, or anything that runs.
package edit
