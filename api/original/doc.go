// Package original answers the requests of docker-pseudo-wan's REST interface of 2015 in
// their shapes: GET /openflow/{datapath}/interface, POST /openflow/{datapath}/vrf and so
// on. Scripts that were written for it read the tables of a lab of ours, and change it.
//
// It must not contain ways to get rows or to change a lab, listening sockets, or who may
// ask: the caller has them.
package original
