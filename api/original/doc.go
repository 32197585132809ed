// Package original answers the requests of docker-pseudo-wan's REST interface of 2015
// that read tables, in their shapes: GET /openflow/{datapath}/interface and so on.
// Scripts that were written for it read the tables of a lab of ours.
//
// It must not contain ways to get rows, listening sockets, or who may ask: the caller
// has them.
package original
