// Package client asks a running lab, and changes it, over its API: for test programs and
// whatever else is written in Go.
//
// It must not contain what the API answers; its documents are those of package status.
package client
