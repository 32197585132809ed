// Package look is the reading side of labs: nodes and their logs, the routers'
// tables, completions, traces, verification, explanations, pictures and the facts
// that the doctor judges.
//
// It changes nothing, except that routers learn neighbours from its probes. It must
// not contain printing or table layout.
package look
