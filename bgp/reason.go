package bgp

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"pseudowan/bgp/gate"
)

// weEnded returns the reason of a session that this router has ended.
func weEnded(n gate.Notification) string { return "this router ended the session: " + n.String() }

// hungUp returns why a connection ended without a notification; "" if this router
// closed it.
func hungUp(err error) string {
	switch {
	case errors.Is(err, net.ErrClosed):
		return ""
	case errors.Is(err, io.EOF):
		return "the peer closed the connection"
	}
	return "the connection broke: " + plainError(err)
}

// plainError returns the cause of a network error without its addresses.
func plainError(err error) string {
	var call *os.SyscallError
	if errors.As(err, &call) {
		return call.Err.Error()
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	return err.Error()
}

// cannotConnect returns why dialling a peer failed.
func cannotConnect(err error, n Neighbor, md5 signatures) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return "no answer from the peer" + md5.suspicion(n.Password.Set())
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "the peer refuses the connection"
	}
	return "cannot connect: " + plainError(err)
}

// signatures counts the segments that TCP-MD5 (RFC 2385) dropped in a network
// namespace.
type signatures struct{ missing, unexpected, wrong int }

// readSignatures reads the counters of the thread's namespace.
func readSignatures() signatures {
	text, err := os.ReadFile("/proc/thread-self/net/netstat")
	if err != nil {
		return signatures{}
	}
	var s signatures
	lines := strings.Split(string(text), "\n")
	for i := 0; i+1 < len(lines); i += 2 {
		names, values := strings.Fields(lines[i]), strings.Fields(lines[i+1])
		for k := 1; k < min(len(names), len(values)); k++ {
			n, _ := strconv.Atoi(values[k])
			switch names[k] {
			case "TCPMD5NotFound":
				s.missing = n
			case "TCPMD5Unexpected":
				s.unexpected = n
			case "TCPMD5Failure":
				s.wrong = n
			}
		}
	}
	return s
}

func (s signatures) since(o signatures) signatures {
	return signatures{s.missing - o.missing, s.unexpected - o.unexpected, s.wrong - o.wrong}
}

// suspicion returns, from the counters, why a peer may not answer.
func (s signatures) suspicion(password bool) string {
	switch {
	case password && s.wrong > 0:
		return "; segments with another TCP-MD5 password arrive"
	case password && s.missing > 0:
		return "; segments without a TCP-MD5 password arrive"
	case password:
		return "; its TCP-MD5 password may differ from ours, or be missing"
	case s.unexpected > 0:
		return "; segments with a TCP-MD5 password arrive, but none is set here"
	}
	return ""
}
