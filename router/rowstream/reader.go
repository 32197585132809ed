package rowstream

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"reflect"
)

// maxBlock is the number of octets of a block that a Reader takes; no agent sends more.
const maxBlock = 64 << 20

// errForeign is the error of what no Writer has written.
var errForeign = errors.New("rows that no agent of this version writes")

// Refusal is why the sender of the rows cannot send the rest, in its words.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// Reader reads rows. It is not safe for concurrent use.
type Reader[T any] struct {
	r     io.Reader
	plan  *plan
	texts []string
	block []byte // buffer of blocks
	rest  []byte // of the block
	err   error
}

// NewReader returns a Reader; see NewWriter.
func NewReader[T any](r io.Reader) *Reader[T] {
	return &Reader[T]{r: r, plan: planOf(reflect.TypeFor[T]())}
}

// Rows reads the next block. At the end of all rows, the error is io.EOF; a Refusal if the
// sender has ended them, and io.ErrUnexpectedEOF if the stream ends in their middle.
func (r *Reader[T]) Rows() ([]T, error) {
	block, err := r.next()
	switch {
	case errors.Is(err, io.EOF): // rows end with the stream's last block, and nowhere else
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, err
	case block == blockEnd:
		return nil, io.EOF
	case block == blockError:
		return nil, Refusal(r.rest)
	case block != blockRows:
		return nil, fmt.Errorf("%w: block %q", errForeign, block)
	}
	var rows []T
	r.list(reflect.ValueOf(&rows).Elem(), r.plan, r.number())
	if r.err == nil && len(r.rest) > 0 {
		r.fail("something after the rows")
	}
	return rows, r.err
}

// next reads a block, and returns what it is.
func (r *Reader[T]) next() (byte, error) {
	var head [headSize]byte
	if _, err := io.ReadFull(r.r, head[:]); err != nil {
		return 0, err
	}
	n := int(binary.BigEndian.Uint32(head[1:]))
	if n > maxBlock {
		return 0, fmt.Errorf("%w: a block of %d octets", errForeign, n)
	}
	if n > cap(r.block) {
		r.block = make([]byte, n)
	}
	r.rest = r.block[:n]
	_, err := io.ReadFull(r.r, r.rest)
	return head[0], err
}

// fail keeps the first error.
func (r *Reader[T]) fail(what string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", errForeign, what)
	}
	r.rest = nil
}

// octets returns the next octets of the block; zeros after an error.
func (r *Reader[T]) octets(n int) []byte {
	if n > len(r.rest) {
		r.fail("a block that ends too early")
		return make([]byte, min(n, 16))
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *Reader[T]) uint() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.fail("no number")
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *Reader[T]) int() int64 {
	n, size := binary.Varint(r.rest)
	if size <= 0 {
		r.fail("no number")
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// number reads a number of items: each takes at least an octet of the block.
func (r *Reader[T]) number() int {
	n := r.uint()
	if n > uint64(len(r.rest)) {
		r.fail(fmt.Sprintf("%d items in %d octets", n, len(r.rest)))
		return 0
	}
	return int(n)
}

// value reads a value.
func (r *Reader[T]) value(p *plan, v reflect.Value) {
	switch p.kind {
	case kindText:
		v.SetString(r.text())
	case kindUint:
		if n := r.uint(); v.OverflowUint(n) {
			r.fail("a number that is too great")
		} else {
			v.SetUint(n)
		}
	case kindInt:
		if n := r.int(); v.OverflowInt(n) {
			r.fail("a number that is too great")
		} else {
			v.SetInt(n)
		}
	case kindBool:
		v.SetBool(r.octets(1)[0] == 1)
	case kindAddr:
		*v.Addr().Interface().(*netip.Addr) = r.addr()
	case kindPrefix:
		*v.Addr().Interface().(*netip.Prefix) = r.prefix()
	case kindPointer:
		if r.octets(1)[0] == 1 {
			v.Set(reflect.New(p.item.of))
			r.value(p.item, v.Elem())
		}
	case kindList:
		if n := r.uint(); n > uint64(len(r.rest))+1 {
			r.fail("a list that is too long")
		} else if n > 0 {
			r.list(v, p.item, int(n-1))
		}
	case kindStruct:
		for i, f := range p.fields {
			r.value(f, v.Field(i))
		}
	}
}

// list reads n items. Memory grows with what comes, not with what is promised.
func (r *Reader[T]) list(v reflect.Value, item *plan, n int) {
	const atOnce = 256
	v.Set(reflect.MakeSlice(v.Type(), 0, min(n, atOnce)))
	for i := 0; i < n && r.err == nil; i++ {
		if v.Len() == v.Cap() {
			v.Grow(min(n-i, v.Len()))
		}
		v.SetLen(i + 1)
		r.value(item, v.Index(i))
	}
}

func (r *Reader[T]) text() string {
	n := r.uint()
	switch {
	case n > uint64(len(r.texts)):
		r.fail("a text without a number")
		return ""
	case n > 0:
		return r.texts[n-1]
	}
	s := string(r.octets(r.number()))
	if len(s) <= longestText && len(r.texts) < maxTexts {
		r.texts = append(r.texts, s)
	}
	return s
}

func (r *Reader[T]) addr() netip.Addr {
	switch r.octets(1)[0] {
	case 0:
		return netip.Addr{}
	case 4:
		return netip.AddrFrom4([4]byte(r.octets(4)))
	case 16:
		return netip.AddrFrom16([16]byte(r.octets(16))).WithZone(r.text())
	}
	r.fail("an address of no family")
	return netip.Addr{}
}

func (r *Reader[T]) prefix() netip.Prefix {
	n := int(r.octets(1)[0])
	if n == 0 {
		return netip.Prefix{}
	}
	p := netip.PrefixFrom(r.addr(), n-1)
	if !p.IsValid() {
		r.fail("a prefix that is too long")
	}
	return p
}
