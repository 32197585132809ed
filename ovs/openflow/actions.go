package openflow

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// Action types (section 7.2.4) and subtypes of Open vSwitch's own (nicira-ext).
const (
	actionDecMPLSTTL      = 16
	actionPushMPLS        = 19
	actionPopMPLS         = 20
	actionDecTTL          = 24
	niciraMove            = 6
	niciraLoad            = 7
	niciraMultipath       = 10
	niciraController      = 37
	niciraCheckPktLarger  = 49
	controllerPropMeterID = 5
)

// terms splits a list at the commas outside of parentheses.
func terms(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		depth, start := 0, 0
		for i := range len(text) {
			switch text[i] {
			case '(':
				depth++
			case ')':
				depth--
			case ',':
				if depth > 0 {
					continue
				}
				if !yield(text[start:i]) {
					return
				}
				start = i + 1
			}
		}
		if text != "" {
			yield(text[start:])
		}
	}
}

// appendInstructions appends the actions as an apply-actions instruction, and a
// goto-table instruction (section 7.2.5).
func appendInstructions(b []byte, text string) ([]byte, error) {
	switch text {
	case "drop":
		return b, nil
	case "":
		return nil, errors.New("no actions")
	}
	start := len(b)
	b = be.AppendUint16(b, instructionApply)
	b = append(b, make([]byte, 6)...)
	next := -1
	for term := range terms(text) {
		if next >= 0 {
			return nil, errors.New("goto_table is not the last action")
		}
		if table, ok := strings.CutPrefix(term, "goto_table:"); ok {
			n, err := strconv.ParseUint(table, 10, 8)
			if err != nil {
				return nil, fmt.Errorf("action %q: %w", term, err)
			}
			next = int(n)
			continue
		}
		var err error
		if b, err = appendAction(b, term); err != nil {
			return nil, fmt.Errorf("action %q: %w", term, err)
		}
	}
	if len(b) == start+8 {
		b = b[:start] // goto_table alone
	} else if _, err := closeLength(b, start, start+2); err != nil {
		return nil, err
	}
	if next >= 0 {
		b = be.AppendUint16(b, instructionGoto)
		b = be.AppendUint16(b, 8)
		b = append(b, uint8(next), 0, 0, 0)
	}
	return b, nil
}

func appendAction(b []byte, term string) ([]byte, error) {
	switch name, rest := splitAction(term); name {
	case "output":
		return appendOutput(b, rest)
	case "controller":
		return appendController(b, rest)
	case "set_field":
		return appendSetField(b, rest)
	case "set_mpls_label":
		return appendSetField(b, rest+"->mpls_label")
	case "push_mpls":
		return appendEtherType(b, actionPushMPLS, rest)
	case "pop_mpls":
		return appendEtherType(b, actionPopMPLS, rest)
	case "dec_ttl":
		return appendPlain(b, actionDecTTL), nil
	case "dec_mpls_ttl":
		return appendPlain(b, actionDecMPLSTTL), nil
	case "resubmit":
		return appendResubmit(b, rest)
	case "move":
		return appendMove(b, rest)
	case "load":
		return appendLoad(b, rest)
	case "multipath":
		return appendMultipath(b, rest)
	case "check_pkt_larger":
		return appendCheckPktLarger(b, rest)
	}
	return nil, errors.New("is not known here")
}

// splitAction splits NAME:REST, NAME(REST) and NAME(A)->B, the last one into NAME and A->B.
func splitAction(term string) (name, rest string) {
	i := strings.IndexAny(term, ":(")
	if i < 0 {
		return term, ""
	}
	name, rest = term[:i], term[i+1:]
	if term[i] == '(' {
		rest = strings.Replace(rest, ")", "", 1)
	}
	return name, rest
}

func appendPlain(b []byte, kind uint16) []byte {
	b = be.AppendUint16(b, kind)
	return append(b, 0, 8, 0, 0, 0, 0)
}

func appendEtherType(b []byte, kind uint16, text string) ([]byte, error) {
	n, err := strconv.ParseUint(text, 0, 16)
	b = be.AppendUint16(b, kind)
	b = append(b, 0, 8)
	b = be.AppendUint16(b, uint16(n))
	return append(b, 0, 0), err
}

func appendOutput(b []byte, text string) ([]byte, error) {
	port, err := strconv.ParseUint(text, 10, 32)
	return appendOutputTo(b, uint32(port), 0), err
}

func appendOutputTo(b []byte, port uint32, maxLen uint16) []byte {
	b = be.AppendUint16(b, actionOutput)
	b = append(b, 0, 16)
	b = be.AppendUint32(b, port)
	b = be.AppendUint16(b, maxLen)
	return append(b, make([]byte, 6)...)
}

// appendSetField reads VALUE->FIELD.
func appendSetField(b []byte, text string) ([]byte, error) {
	value, name, _ := strings.Cut(text, "->")
	f, ok := settable[name]
	if !ok {
		return nil, fmt.Errorf("field %q is not known here", name)
	}
	v, err := readValue(value, f.size)
	if err != nil {
		return nil, err
	}
	start := len(b)
	b = be.AppendUint16(b, actionSetField)
	b = append(b, 0, 0)
	b = be.AppendUint32(b, f.header())
	b = pad(append(b, v...), start)
	return closeLength(b, start, start+2)
}

// settable are the fields that set_field knows, by OpenFlow's names.
var settable = map[string]field{
	"metadata": {classBasic, 2, 8}, "eth_dst": {classBasic, 3, 6}, "eth_src": {classBasic, 4, 6},
	"mpls_label": {classBasic, 34, 4},
	"reg0":       register(0), "reg1": register(1), "reg2": register(2), "reg3": register(3),
	"reg4": register(4), "reg5": register(5), "reg6": register(6), "reg7": register(7),
	"reg8": register(8), "reg9": register(9),
}
