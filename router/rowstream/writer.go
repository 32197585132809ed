package rowstream

import (
	"encoding/binary"
	"io"
	"net/netip"
	"reflect"
)

// A block begins with what it is, and the number of its octets after that.
const (
	headSize = 5

	blockRows  = 'R' // number of rows, rows
	blockEnd   = 'E' // nothing: these were all rows
	blockError = 'X' // text: why the rest is missing
)

// maxTexts is how many different texts get a number. A table has few that come again: names,
// route targets, AS paths.
const maxTexts = 1 << 13

// longestText is the length of texts up to which they get a number.
const longestText = 256

// Writer writes rows. It is not safe for concurrent use.
type Writer[T any] struct {
	w     io.Writer
	plan  *plan
	texts map[string]uint64
	buf   []byte
}

// NewWriter returns a Writer. It panics if T has fields that no row has: functions,
// channels, maps, floating-point numbers.
func NewWriter[T any](w io.Writer) *Writer[T] {
	return &Writer[T]{w: w, plan: planOf(reflect.TypeFor[T]()), texts: make(map[string]uint64)}
}

// Rows writes a block of rows.
func (w *Writer[T]) Rows(rows []T) error {
	w.begin(blockRows)
	w.buf = binary.AppendUvarint(w.buf, uint64(len(rows)))
	all := reflect.ValueOf(rows)
	for i := range rows {
		w.value(w.plan, all.Index(i))
	}
	return w.flush()
}

// End writes that all rows are there.
func (w *Writer[T]) End() error {
	w.begin(blockEnd)
	return w.flush()
}

// Fail writes why the rest of the rows is missing.
func (w *Writer[T]) Fail(why error) error {
	w.begin(blockError)
	w.buf = append(w.buf, why.Error()...)
	return w.flush()
}

func (w *Writer[T]) begin(block byte) {
	w.buf = append(w.buf[:0], block)
	w.buf = append(w.buf, make([]byte, headSize-1)...)
}

func (w *Writer[T]) flush() error {
	binary.BigEndian.PutUint32(w.buf[1:], uint32(len(w.buf)-headSize))
	_, err := w.w.Write(w.buf)
	return err
}

// value appends a value, which is addressable.
func (w *Writer[T]) value(p *plan, v reflect.Value) {
	switch p.kind {
	case kindText:
		w.text(v.String())
	case kindUint:
		w.buf = binary.AppendUvarint(w.buf, v.Uint())
	case kindInt:
		w.buf = binary.AppendVarint(w.buf, v.Int())
	case kindBool:
		n := byte(0)
		if v.Bool() {
			n = 1
		}
		w.buf = append(w.buf, n)
	case kindAddr:
		w.addr(*v.Addr().Interface().(*netip.Addr))
	case kindPrefix:
		w.prefix(*v.Addr().Interface().(*netip.Prefix))
	case kindPointer:
		if v.IsNil() {
			w.buf = append(w.buf, 0)
			return
		}
		w.buf = append(w.buf, 1)
		w.value(p.item, v.Elem())
	case kindList:
		w.list(p.item, v)
	case kindStruct:
		for i, f := range p.fields {
			w.value(f, v.Field(i))
		}
	}
}

func (w *Writer[T]) list(item *plan, v reflect.Value) {
	if v.IsNil() {
		w.buf = append(w.buf, 0)
		return
	}
	w.buf = binary.AppendUvarint(w.buf, uint64(v.Len())+1)
	for i := range v.Len() {
		w.value(item, v.Index(i))
	}
}

// text appends the number of a text, or the text if it has none yet. Both ends give numbers
// by the same rule.
func (w *Writer[T]) text(s string) {
	if n, ok := w.texts[s]; ok {
		w.buf = binary.AppendUvarint(w.buf, n)
		return
	}
	w.buf = binary.AppendUvarint(append(w.buf, 0), uint64(len(s)))
	w.buf = append(w.buf, s...)
	if len(s) <= longestText && len(w.texts) < maxTexts {
		w.texts[s] = uint64(len(w.texts)) + 1
	}
}

func (w *Writer[T]) addr(a netip.Addr) {
	w.buf = append(w.buf, byte(a.BitLen()/8))
	switch {
	case a.Is4():
		octets := a.As4()
		w.buf = append(w.buf, octets[:]...)
	case a.IsValid():
		octets := a.As16()
		w.buf = append(w.buf, octets[:]...)
		w.text(a.Zone())
	}
}

func (w *Writer[T]) prefix(p netip.Prefix) {
	if !p.IsValid() {
		w.buf = append(w.buf, 0)
		return
	}
	w.buf = append(w.buf, byte(p.Bits()+1))
	w.addr(p.Addr())
}
