package topology

import (
	"go.yaml.in/yaml/v3"
)

// value is a scalar of the file with its position. A value that could not be read is
// bad: it has been reported, and is not reported again.
type value[T any] struct {
	at  pos
	v   T
	has bool // given and readable
	bad bool // given and unreadable
}

// fault is why a scalar cannot be read.
type fault struct{ message, remedy string }

func (v *value[T]) read(d *decoder, n *yaml.Node) {
	v.at = at(n)
	if n.Kind != yaml.ScalarNode || isNull(n) {
		v.bad = true
		d.wrong(n, "want a single value, not "+kindName(n), "write key: value, or remove the key")
		return
	}
	if err := formIn[T](d).parse(&v.v, d.fill(n)); err != nil {
		v.bad = true
		d.wrong(n, err.message, err.remedy)
		return
	}
	v.has = true
}

// missing reports whether the file does not give the value.
func (v value[T]) missing() bool { return !v.has && !v.bad }

// or returns the value, or def if there is none.
func (v value[T]) or(def T) T {
	if v.has {
		return v.v
	}
	return def
}

// given returns a value that is not written in the file but follows from what is
// at a position, such as a series or a default.
func given[T any](at pos, v T) value[T] { return value[T]{at: at, v: v, has: true} }

// first returns the first value that is given.
func first[T any](values ...value[T]) value[T] {
	for _, v := range values {
		if !v.missing() {
			return v
		}
	}
	return value[T]{}
}
