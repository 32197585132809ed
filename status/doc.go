// Package status holds what a running lab reports: the rows of every `pseudowan show`
// table and of `pseudowan ps`. Their JSON keys are a contract with users' scripts.
//
// It is a leaf: the routers' agents fill these types, the show room prints them, and
// neither needs the other. It must not contain behaviour beyond ordering
// and selecting rows.
package status
