// Package config is the desired state of one router, as the plan of a lab defines
// it and the router's process reads it. It has no behaviour, so that a plan needs
// nothing else of the router.
package config
