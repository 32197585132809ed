// Package admit decides which labels a router takes from which link. From a link to
// routers that are not its own lab's, or not of its AS, it takes those that it has told
// somebody behind that link: nobody gets into a VRF by guessing (RFC 4364 sections 10b
// and 13.1). Links between routers of one AS of the lab are trusted.
//
// It knows routes and sessions, but neither VRFs nor paths: whoever announces routes
// tells it of them, before they are announced.
package admit
