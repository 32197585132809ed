package openflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// A bundle in OpenFlow 1.3 is extension 230 of the ONF: experimenter messages with
// the contents of OpenFlow 1.4 (there section 7.3.9).
const (
	experimenterONF = 0x4f4e4600
	bundleControl   = 2300
	bundleAdd       = 2301
	bundleOpen      = 0
	bundleCommit    = 4
	bundleDiscard   = 6
	bundleFlags     = 1 | 2 // atomic and ordered
)

// Change adds flows, then removes flows, all at once or not at all. A flow with the
// table, priority and match of an existing one replaces it and keeps its counters. A
// flow is removed if table, priority, match and cookie agree; removing an absent flow
// is no error.
func (c *Conn) Change(ctx context.Context, add, remove []Flow) error {
	id := c.nextXID()
	fill := func(b []byte, xid uint32) ([]byte, error) {
		b = appendBundleControl(b, xid, id, bundleOpen)
		b, err := appendBundled(b, xid, id, add, Flow.appendAdd)
		if err == nil {
			b, err = appendBundled(b, xid, id, remove, Flow.appendDelete)
		}
		return message{kind: typeBarrierRequest, xid: xid}.appendTo(b), err
	}
	err := c.converse(ctx, fill, func(r message) (bool, error) { return r.kind == typeBarrierReply, nil })
	if err == nil {
		return nameFlow(c.endBundle(ctx, id, bundleCommit), add, remove)
	}
	if errors.As(err, new(*refusal)) {
		err = errors.Join(nameFlow(err, add, remove), c.endBundle(ctx, id, bundleDiscard))
	}
	return err
}

// Apply is Change with each flow on its own: between two of them the switch forwards
// packets, which it does not while it commits a bundle. If one is refused, the others have
// changed.
func (c *Conn) Apply(ctx context.Context, add, remove []Flow) error {
	fill := func(b []byte, xid uint32) (_ []byte, err error) {
		for i := 0; i < len(add) && err == nil; i++ {
			b, err = add[i].appendAdd(b, xid)
		}
		for i := 0; i < len(remove) && err == nil; i++ {
			b, err = remove[i].appendDelete(b, xid)
		}
		return message{kind: typeBarrierRequest, xid: xid}.appendTo(b), err
	}
	err := c.converse(ctx, fill, func(r message) (bool, error) { return r.kind == typeBarrierReply, nil })
	return nameFlow(err, add, remove)
}

// nameFlow adds to the refusal of a flow which one it is. The switch quotes the
// message, or the one around it.
func nameFlow(err error, flows ...[]Flow) error {
	var e *refusal
	const around, cookie = 24, headerSize
	if !errors.As(err, &e) || len(e.quoted) < 2 {
		return err
	}
	mod := e.quoted
	if mod[1] == typeExperimenter {
		mod = mod[min(around, len(mod)):]
	}
	if len(mod) < cookie+8 || mod[1] != typeFlowMod {
		return err
	}
	for _, f := range slices.Concat(flows...) {
		if f.Cookie == be.Uint64(mod[cookie:]) {
			return fmt.Errorf("flow %s: %w", f, err)
		}
	}
	return err
}

// endBundle commits or discards a bundle.
func (c *Conn) endBundle(ctx context.Context, id uint32, how uint16) error {
	fill := func(b []byte, xid uint32) ([]byte, error) { return appendBundleControl(b, xid, id, how), nil }
	return c.converse(ctx, fill, func(r message) (bool, error) {
		if r.kind != typeExperimenter {
			return false, fmt.Errorf("bundle: unexpected reply of type %d", r.kind)
		}
		return true, nil
	})
}

func appendBundleControl(b []byte, xid, id uint32, what uint16) []byte {
	body := be.AppendUint32(nil, experimenterONF)
	body = be.AppendUint32(body, bundleControl)
	body = be.AppendUint32(body, id)
	body = be.AppendUint16(body, what)
	body = be.AppendUint16(body, bundleFlags)
	return message{kind: typeExperimenter, xid: xid, body: body}.appendTo(b)
}

// appendBundled appends a message for each flow. The message inside has the
// transaction ID of the one around it.
func appendBundled(b []byte, xid, id uint32, flows []Flow, mod func(Flow, []byte, uint32) ([]byte, error)) ([]byte, error) {
	for _, f := range flows {
		start := len(b)
		b = append(b, version, typeExperimenter, 0, 0)
		b = be.AppendUint32(b, xid)
		b = be.AppendUint32(b, experimenterONF)
		b = be.AppendUint32(b, bundleAdd)
		b = be.AppendUint32(b, id)
		b = append(b, 0, 0)
		b = be.AppendUint16(b, bundleFlags)
		var err error
		if b, err = mod(f, b, xid); err != nil {
			return nil, err
		}
		if b, err = closeLength(b, start, start+2); err != nil {
			return nil, err
		}
	}
	return b, nil
}
