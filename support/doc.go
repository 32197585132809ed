// Package support collects files for a bug report into a tar.gz, and takes secrets out of
// them.
//
// It must not contain what is collected: the caller knows that.
package support
