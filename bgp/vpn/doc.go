// Package vpn is the vocabulary of BGP/MPLS IP VPNs: route distinguishers,
// route targets, sites of origin, address families and labels (RFC 4364, RFC
// 4659, RFC 8277), and the attributes that their routes carry: AS paths,
// origins and communities (RFC 4271, RFC 1997, RFC 4360, RFC 8092).
//
// It owns the parsing, printing and comparison of these, so that the file format,
// the speaker, the tables and the printed output agree. It must not contain
// sessions, tables, protocol encoders or anything that touches the operating
// system; it imports nothing of this project.
package vpn
