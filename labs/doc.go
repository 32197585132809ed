// Package labs owns a lab's life: it has the plan of a validated topology made
// (labs/plan), compares the
// plan with what runs, brings up what is missing, waits until the routers
// have converged, and takes everything down again from the marks alone.
//
// A lab's routers are processes of the room router, and labs/catalog holds the
// ready labs. What a lab tells of itself, it tells in the rows of status. labs
// joins the drivers (hosts, and by way of the router ovs and bgp), which do not
// know each other. It must not contain flag parsing, printing or table layout.
package labs
