// Package v1 serves a lab's API, version 1: HTTP and JSON below /v1/, described by
// OpenAPI 3.1 at /v1/openapi.json, errors by RFC 9457. The types of package status are
// its documents, as they are those of -o json.
//
// It must not contain what is read or changed, listening sockets, or who may ask.
package v1
