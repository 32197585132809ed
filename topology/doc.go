// Package topology owns the lab file: its format, its JSON Schema, strict
// decoding with positions, validation, and the intent that follows from it (which
// VRF has which route from where, and which host reaches which).
//
// Everything here is a pure function of the file's bytes. The types that mirror the
// file (raw…) are separate from the validated ones (Topology): code after Parse
// never sees an unchecked string.
//
// It must not contain system calls, generated names (interfaces, MAC addresses,
// ports, labels) or the state of a running lab.
package topology
