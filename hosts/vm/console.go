package vm

import (
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// The console's socket, in the host and, as it is below the host's own /run, in the
// host's directory.
const (
	consoleName   = "console.sock"
	consoleSocket = "/run/" + consoleName
	consoleDir    = "/run"
)

// console passes what the machine writes to its serial line to a log and to everyone
// who is attached, and what they type to the machine.
type console struct {
	in, log io.Writer

	mu      sync.Mutex
	clients map[net.Conn]chan []byte
	recent  []byte // the end of what was written, for whoever comes next
}

const (
	recentSize = 4 << 10
	backlog    = 256 // pieces that a slow client may be behind
)

// copy passes on the machine's output until it ends.
func (c *console) copy(out io.Reader) {
	_, _ = io.Copy(c, out)
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn, pieces := range c.clients {
		close(pieces)
		delete(c.clients, conn)
	}
}

// Write implements io.Writer. It never waits for a client: one that does not read is
// cut off.
func (c *console) Write(p []byte) (int, error) {
	_, _ = c.log.Write(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recent = append(c.recent, p...)
	c.recent = c.recent[max(0, len(c.recent)-recentSize):]
	for conn, pieces := range c.clients {
		select {
		case pieces <- append([]byte(nil), p...):
		default:
			conn.Close()
		}
	}
	return len(p), nil
}

func (c *console) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go c.serve(conn)
	}
}

func (c *console) serve(conn net.Conn) {
	defer conn.Close()
	pieces := make(chan []byte, backlog)
	c.mu.Lock()
	if c.clients == nil {
		c.clients = map[net.Conn]chan []byte{}
	}
	c.clients[conn] = pieces
	pieces <- append([]byte(nil), c.recent...)
	c.mu.Unlock()
	go func() {
		for p := range pieces {
			if _, err := conn.Write(p); err != nil {
				break
			}
		}
		conn.Close()
	}()
	_, _ = io.Copy(c.in, conn)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, still := c.clients[conn]; still {
		close(pieces)
		delete(c.clients, conn)
	}
}

// leave is the key that ends an attachment: Ctrl-].
const leave = 0x1d

// attachConsole connects the standard streams to the console whose socket is in dir,
// until the machine ends, input ends, or the user leaves.
func attachConsole(dir string) error {
	conn, err := dialIn(dir)
	if err != nil {
		return fmt.Errorf("its console does not answer: %w", err)
	}
	defer conn.Close()
	typed := io.Reader(os.Stdin)
	if fd := int(os.Stdin.Fd()); term.IsTerminal(fd) {
		old, err := term.MakeRaw(fd)
		if err != nil {
			return err
		}
		defer term.Restore(fd, old)
		fmt.Fprint(os.Stderr, "The serial console; Ctrl-] leaves it.\r\n")
		typed = untilLeave{os.Stdin}
	}
	done := make(chan struct{}, 2)
	go func() {
		_, _ = io.Copy(os.Stdout, conn)
		done <- struct{}{}
	}()
	go func() {
		_, _ = io.Copy(conn, typed)
		time.Sleep(lastWords)
		done <- struct{}{}
	}()
	<-done
	return nil
}

// lastWords is how long output may follow the end of the input.
const lastWords = 200 * time.Millisecond

// dialIn connects to the socket in a directory, whose path may be too long for an
// address of a socket.
func dialIn(dir string) (net.Conn, error) {
	d, err := os.OpenFile(dir, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return net.Dial("unix", fmt.Sprintf("/proc/self/fd/%d/%s", d.Fd(), consoleName))
}

// untilLeave ends where the user leaves.
type untilLeave struct{ io.Reader }

func (r untilLeave) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	for i, b := range p[:n] {
		if b == leave {
			return i, io.EOF
		}
	}
	return n, err
}
