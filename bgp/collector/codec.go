package collector

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/osrg/gobgp/v3/pkg/packet/bgp"
	"github.com/osrg/gobgp/v3/pkg/packet/bmp"

	wire "pseudowan/bgp/bmp"
)

// maxMessage bounds a BMP message: a BGP message has up to 65535 octets (RFC 8654), a
// Peer Up carries two.
const maxMessage = 1 << 18

// errVersion is the reason for a message of another version than 3.
var errVersion = errors.New("unsupported BMP message version")

// readMessage reads one message.
func readMessage(r io.Reader) ([]byte, error) {
	var head [bmp.BMP_HEADER_SIZE]byte
	if _, err := io.ReadFull(r, head[:1]); err != nil {
		return nil, err
	}
	if head[0] != bmp.BMP_VERSION {
		return nil, errVersion
	}
	if _, err := io.ReadFull(r, head[1:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[1:5])
	if n < bmp.BMP_HEADER_SIZE || n > maxMessage {
		return nil, fmt.Errorf("a message of %d octets", n)
	}
	msg := make([]byte, n)
	copy(msg, head[:])
	_, err := io.ReadFull(r, msg[len(head):])
	return msg, err
}

// The kinds of messages that the collector takes note of.
type (
	initiation struct {
		name, description, info, bgpID string
	}
	termination struct {
		code   int
		reason string
	}
	peerUp struct {
		peer        peerHeader
		local       netip.Addr
		localPort   int
		remotePort  int
		localID     netip.Addr
		localAS     uint32
		remoteID    netip.Addr
		table       string // of a Loc-RIB instance (RFC 9069 section 4.4)
		holdTime    uint16
		sent, taken map[bgp.RouteFamily]bool // families with path identifiers: of routes to the peer, and from it
	}
	peerDown struct {
		peer   peerHeader
		reason string
	}
	monitored struct {
		peer      peerHeader
		family    string // of an End-of-RIB
		end       bool
		announced []Route
		withdrawn []routeKey
	}
)

// peerHeader is what each message about a peer says of it.
type peerHeader struct {
	peerKey
	as   uint32
	id   netip.Addr
	at   time.Time
	post bool // after policy
}

// peerKey is a peer of a router: of its table, of a VRF's, or the table itself.
type peerKey struct {
	kind          uint8
	distinguisher uint64
	address       netip.Addr
}

// malformedError is a message about a peer that cannot be read, but ends where it says.
type malformedError struct {
	peer peerHeader
	err  error
}

func (e *malformedError) Error() string { return e.err.Error() }

// unread is the error for a message that the parser refuses. Routes that cannot be
// read hide no others, but without the sessions a router's routes mean nothing.
func unread(msg []byte, err error) error {
	var h bmp.BMPPeerHeader
	switch {
	case msg[5] != bmp.BMP_MSG_ROUTE_MONITORING && msg[5] != bmp.BMP_MSG_STATISTICS_REPORT && msg[5] != bmp.BMP_MSG_ROUTE_MIRRORING,
		len(msg) < bmp.BMP_HEADER_SIZE+bmp.BMP_PEER_HEADER_SIZE,
		h.DecodeFromBytes(msg[bmp.BMP_HEADER_SIZE:]) != nil:
		return err
	}
	return &malformedError{headerOf(h), err}
}

// codec reads the messages of one router. It knows which sessions have negotiated
// path identifiers (RFC 7911), without which their routes cannot be read.
type codec struct {
	up map[peerKey]*peerUp
}

// read returns what a message says; nil if it is nothing to note.
func (c *codec) read(msg []byte) (event any, err error) {
	defer func() {
		if r := recover(); r != nil { // in GoBGP's parser
			event, err = nil, fmt.Errorf("a message that cannot be read: %v", r)
		}
	}()
	if msg[5] > bmp.BMP_MSG_ROUTE_MIRRORING {
		return nil, nil // unknown ones are ignored (RFC 7854 section 4.1)
	}
	msg = withOpens(msg)
	m, err := bmp.ParseBMPMessageWithOptions(msg, c.options)
	if err != nil {
		return nil, unread(msg, err)
	}
	switch body := m.Body.(type) {
	case *bmp.BMPInitiation:
		return initiationOf(body), nil
	case *bmp.BMPTermination:
		return terminationOf(body), nil
	case *bmp.BMPPeerUpNotification:
		up := peerUpOf(m.PeerHeader, body, msg)
		c.up[up.peer.peerKey] = &up
		return up, nil
	case *bmp.BMPPeerDownNotification:
		down := peerDown{headerOf(m.PeerHeader), downReason(body)}
		delete(c.up, down.peer.peerKey)
		return down, nil
	case *bmp.BMPRouteMonitoring:
		return monitoredOf(m.PeerHeader, body), nil
	}
	return nil, nil
}

// options tells the parser which families of a peer have path identifiers.
func (c *codec) options(h bmp.BMPPeerHeader) []*bgp.MarshallingOption {
	up := c.up[keyOf(h)]
	if up == nil {
		return nil
	}
	with := up.taken
	if h.IsAdjRIBOut() && h.PeerType != bmp.BMP_PEER_TYPE_LOCAL_RIB {
		with = up.sent
	}
	modes := make(map[bgp.RouteFamily]bgp.BGPAddPathMode)
	for f := range with {
		modes[f] = bgp.BGP_ADD_PATH_RECEIVE
	}
	return []*bgp.MarshallingOption{{AddPath: modes}}
}

func initiationOf(body *bmp.BMPInitiation) (i initiation) {
	for _, tlv := range body.Info {
		switch v := tlv.(type) {
		case *bmp.BMPInfoTLVString:
			switch v.Type {
			case bmp.BMP_INIT_TLV_TYPE_SYS_NAME:
				i.name = v.Value
			case bmp.BMP_INIT_TLV_TYPE_SYS_DESCR:
				i.description = v.Value
			default:
				i.info = joined(i.info, v.Value)
			}
		case *bmp.BMPInfoTLVUnknown:
			if id, ok := netip.AddrFromSlice(v.Value); ok && v.Type == wire.InfoBGPID {
				i.bgpID = id.String()
			}
		}
	}
	return i
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "\n" + b
}

// terminationReasons are those of RFC 7854 section 4.5.
var terminationReasons = []string{
	"session administratively closed", "unspecified reason", "out of resources", "redundant connection",
	"session permanently administratively closed",
}

func terminationOf(body *bmp.BMPTermination) (t termination) {
	words := ""
	for _, tlv := range body.Info {
		switch v := tlv.(type) {
		case *bmp.BMPTermTLVString:
			words = joined(words, v.Value)
		case *bmp.BMPTermTLV16:
			t.code = int(v.Value)
			if t.code < len(terminationReasons) {
				t.reason = terminationReasons[t.code]
			}
		}
	}
	if words != "" {
		t.reason = strings.TrimPrefix(t.reason+": "+words, ": ")
	}
	return t
}

func peerUpOf(h bmp.BMPPeerHeader, body *bmp.BMPPeerUpNotification, msg []byte) peerUp {
	up := peerUp{
		peer: headerOf(h), local: addressOf(body.LocalAddress), localPort: int(body.LocalPort), remotePort: int(body.RemotePort),
		sent: make(map[bgp.RouteFamily]bool), taken: make(map[bgp.RouteFamily]bool),
	}
	sent, received := openOf(body.SentOpenMsg), openOf(body.ReceivedOpenMsg)
	up.localAS, up.localID = sent.as, sent.id
	up.remoteID = received.id
	up.holdTime = min(sent.hold, received.hold)
	for f, mode := range sent.addPath {
		peer := received.addPath[f]
		if mode&bgp.BGP_ADD_PATH_RECEIVE != 0 && peer&bgp.BGP_ADD_PATH_SEND != 0 {
			up.taken[f] = true
		}
		if mode&bgp.BGP_ADD_PATH_SEND != 0 && peer&bgp.BGP_ADD_PATH_RECEIVE != 0 {
			up.sent[f] = true
		}
	}
	if h.PeerType == bmp.BMP_PEER_TYPE_LOCAL_RIB {
		up.table = tableName(msg[bmp.BMP_HEADER_SIZE+bmp.BMP_PEER_HEADER_SIZE+20:])
	}
	return up
}

// tableName finds the name of a table behind the two OPENs (RFC 9069 section 4.4.1).
func tableName(b []byte) string {
	for range 2 {
		b = b[binary.BigEndian.Uint16(b[16:18]):]
	}
	for len(b) >= 4 {
		kind, n := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if b = b[4:]; n > len(b) {
			break
		}
		if kind == wire.InfoTableName {
			return string(b[:n])
		}
		b = b[n:]
	}
	return ""
}

// downReason says why a session has ended (RFC 7854 section 4.9).
func downReason(body *bmp.BMPPeerDownNotification) string {
	from := map[uint8]string{
		wire.DownLocalNotification:  "the router has sent",
		wire.DownLocal:              "the router has closed the session",
		wire.DownRemoteNotification: "the peer has sent",
		wire.DownRemote:             "the peer has closed the connection",
		wire.DownDeconfigured:       "the peer is no longer monitored",
		wire.DownTable:              "the table is no longer there",
	}[body.Reason]
	if body.BGPNotification != nil {
		if n, ok := body.BGPNotification.Body.(*bgp.BGPNotification); ok {
			from += " " + bgp.NewNotificationErrorCode(n.ErrorCode, n.ErrorSubcode).String()
		}
	}
	return from
}
