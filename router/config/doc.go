// Package config is the desired state of one router, as the plan of a lab makes
// it and the router's process reads it. It holds no behaviour, so that a plan
// needs nothing else of a router.
package config
