// Package policy owns routing policies: what a session or a VRF takes of the
// routes that it is told or tells, and what it changes of them. A [Policy] is a
// list of terms, a [Chain] a list of policies, and [Chain.Evaluate] a pure
// function of a path.
//
// A term takes a path that fulfils all of its [Match]; of a match that is a list,
// one item suffices. What the term sets is seen by the terms after it. Its
// action then accepts the path, rejects it, or goes on with the next term, and at
// the end of a policy with the next policy. A path that no term decides on is
// accepted.
//
// It must not contain sessions, messages, tables or names that have to be looked
// up: prefix lists are resolved where the file is read.
package policy
