// Package api decides who may ask a lab over HTTP.
//
// It must not contain what is asked or answered: package original has that.
package api
