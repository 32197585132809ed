package tap

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

// Frame is one frame.
type Frame struct {
	Time time.Time // by the kernel's clock, which is one for all namespaces
	Data []byte    // from the Ethernet header on, without FCS
	Out  bool      // it leaves by the interface; otherwise it arrives
}

// longest is more than any frame, also of those that the kernel joins for a while.
const longest = 1 << 18

// Socket reads the frames of one interface.
type Socket struct {
	file      *os.File
	namespace string
	id        os.FileInfo
	buffer    []byte
}

// Open begins to read the frames of an interface in the namespace at path.
func Open(namespace, name string) (*Socket, error) {
	id, err := os.Stat(namespace)
	if err != nil {
		return nil, fmt.Errorf("interface %s: %w", name, err)
	}
	s := &Socket{namespace: namespace, id: id, buffer: make([]byte, longest)}
	err = hosts.Within(namespace, func() (err error) {
		s.file, err = open(name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("interface %s in %s: %w", name, namespace, err)
	}
	return s, nil
}

// receiveBuffer is the size of a socket's queue in octets.
const receiveBuffer = 16 << 20

func open(name string) (*os.File, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	// Nothing arrives before the socket is bound to the interface.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), "packets of "+name)
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer) // a smaller one loses packets, which is told
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1),
		unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &unix.PacketMreq{Ifindex: int32(i.Index), Type: unix.PACKET_MR_PROMISC}),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_ALL), Ifindex: i.Index}),
	)
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

func bigEndian(n uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], n)
	return binary.NativeEndian.Uint16(b[:])
}

// Close ends Next, and lets the namespace go.
func (s *Socket) Close() error { return s.file.Close() }

// Gone reports whether the namespace has lost its name: the socket would keep it alive.
func (s *Socket) Gone() bool {
	now, err := os.Stat(s.namespace)
	return err != nil || !os.SameFile(now, s.id)
}

// Next returns the next frame. The error is os.ErrClosed after Close, and another if the
// interface has gone.
func (s *Socket) Next() (Frame, error) {
	conn, err := s.file.SyscallConn()
	if err != nil {
		return Frame{}, err
	}
	var n, oobn int
	var from unix.Sockaddr
	var failed error
	oob := make([]byte, 256)
	err = conn.Read(func(fd uintptr) bool {
		n, oobn, _, from, failed = unix.Recvmsg(int(fd), s.buffer, oob, 0)
		return !errors.Is(failed, unix.EAGAIN) && !errors.Is(failed, unix.EINTR)
	})
	if err = errors.Join(err, failed); err != nil {
		return Frame{}, err
	}
	f := Frame{Time: time.Now(), Data: append([]byte{}, s.buffer[:n]...)}
	if at, ok := from.(*unix.SockaddrLinklayer); ok {
		f.Out = at.Pkttype == unix.PACKET_OUTGOING
	}
	f.annotate(oob[:oobn])
	return f, nil
}

// annotate reads the control messages of a frame: its time, and a VLAN tag that the kernel
// has taken out.
func (f *Frame) annotate(oob []byte) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return
	}
	for _, m := range messages {
		switch {
		case m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_TIMESTAMPNS && len(m.Data) >= 16:
			f.Time = time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
		case m.Header.Level == unix.SOL_PACKET && m.Header.Type == unix.PACKET_AUXDATA && len(m.Data) >= 20:
			// struct tpacket_auxdata: status at 0, vlan_tci at 16, vlan_tpid at 18.
			if state := binary.NativeEndian.Uint32(m.Data); state&unix.TP_STATUS_VLAN_VALID != 0 {
				f.tag(binary.NativeEndian.Uint16(m.Data[18:]), binary.NativeEndian.Uint16(m.Data[16:]))
			}
		}
	}
}

// tag puts a VLAN tag (IEEE 802.1Q) back into the frame.
func (f *Frame) tag(tpid, tci uint16) {
	const macs = 12
	if len(f.Data) < macs {
		return
	}
	if tpid == 0 {
		tpid = unix.ETH_P_8021Q
	}
	tag := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, tpid), tci)
	f.Data = append(append(append([]byte{}, f.Data[:macs]...), tag...), f.Data[macs:]...)
}

// Lost returns how many frames found the queue full since the last call.
func (s *Socket) Lost() (n uint32) {
	conn, err := s.file.SyscallConn()
	if err != nil {
		return 0
	}
	_ = conn.Control(func(fd uintptr) {
		if stats, err := unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
			n = stats.Drops
		}
	})
	return n
}
