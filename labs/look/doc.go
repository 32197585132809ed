// Package look is the reading side of labs: nodes and their logs, the routers'
// tables, completions of words, traces, verification, explanations, pictures
// and what the doctor has to know of a server's labs.
//
// It changes nothing but what looking changes: probes make routers learn
// neighbours. It must not contain printing or table layout.
package look
