package interop

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// vm is a virtual machine with Debian's kernel, which has MPLS and VRFs, and
// FRR. Its NICs end in taps of this server.
type vm struct {
	t    *testing.T
	qemu *os.Process
	conn net.Conn // its second serial line, where a shell takes a command a line
	said *bufio.Reader
}

// The server's ends of the machine's NICs.
const tap, secondTap = "pwtap0", "pwtap1"

// boot starts a machine with a NIC for each tap, in that order, that runs a
// script and then takes commands.
func boot(t *testing.T, script string, taps ...string) *vm {
	t.Helper()
	needs(t, "qemu-system-x86_64", "cpio")
	r := command("sh", "../../vmtest/image.sh")
	if r.code != 0 {
		t.Fatalf("vmtest/image.sh: %s", r.stderr)
	}
	image, work := strings.TrimSpace(r.stdout), t.TempDir()
	initrd := filepath.Join(work, "initrd")
	pack(t, work, image, initrd, script)
	socket := filepath.Join(work, "shell")
	console, err := os.Create(filepath.Join(work, "console"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "2048", "-smp", "2",
		"-display", "none", "-monitor", "none", "-no-reboot", "-nodefaults",
		"-kernel", filepath.Join(image, "vmlinuz"), "-initrd", initrd,
		"-append", "console=ttyS0 quiet panic=-1 random.trust_cpu=on mitigations=off net.ifnames=0",
		"-serial", "stdio", "-serial", "unix:"+socket+",server=on,wait=off")
	cmd.Args = append(cmd.Args, nicsOn(t, taps)...)
	cmd.Stdout, cmd.Stderr = console, console
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			text, _ := os.ReadFile(console.Name())
			t.Logf("the machine has said:\n%s", text[max(0, len(text)-3000):])
		}
	})
	v := &vm{t: t, qemu: cmd.Process}
	v.connect(socket)
	return v
}

// nicsOn makes the taps, and returns what qemu is told of the NICs on them.
func nicsOn(t *testing.T, taps []string) (argv []string) {
	t.Helper()
	for i, tap := range taps {
		mustRun(t, "ip", "tuntap", "add", "dev", tap, "mode", "tap")
		t.Cleanup(func() { command("ip", "link", "del", tap) })
		mustRun(t, "ip", "link", "set", tap, "up")
		argv = append(argv,
			"-netdev", fmt.Sprintf("tap,id=n%d,ifname=%s,script=no,downscript=no", i, tap),
			"-device", fmt.Sprintf("virtio-net-pci,netdev=n%d,romfile=,mac=52:54:00:00:00:%02x", i, 2+i))
	}
	return argv
}

// pack writes the machine's root: the image's, with init and the script.
func pack(t *testing.T, work, image, initrd, script string) {
	t.Helper()
	inside := filepath.Join(work, "root", "vmtest")
	if err := os.MkdirAll(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(inside, "suite"), []byte(script+shellScript), 0o755); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "install", "-m", "755", "../../vmtest/init", filepath.Join(work, "root", "init"))
	mustRun(t, "sh", "-c", fmt.Sprintf("cd %[1]s/root && find . | cpio --quiet -o -H newc -R 0:0 >%[1]s/extra && cat %[2]s/root.cpio %[1]s/extra >%[3]s", work, image, initrd))
}

// shellScript takes commands from the second serial line. What a command says
// is followed by a line that begins with an octet that nothing else does.
const shellScript = `
stty -F /dev/ttyS1 raw -echo
exec 3<>/dev/ttyS1
printf '\001ready 0\n' >&3
while IFS= read -r line <&3; do
	bash -c "$line" </dev/null >/tmp/said 2>&1
	code=$?
	tr -d '\001' </tmp/said >&3
	printf '\n\001end %s\n' "$code" >&3
done
`

// connect waits for the machine's shell.
func (v *vm) connect(socket string) {
	v.t.Helper()
	eventually(v.t, 10*time.Second, func() (err error) {
		v.conn, err = net.Dial("unix", socket)
		return err
	})
	v.t.Cleanup(func() { v.conn.Close() })
	v.said = bufio.NewReader(v.conn)
	began := time.Now()
	if _, code := v.answer(10 * time.Minute); code != 0 { // on a busy machine
		v.t.Fatal("the machine has no shell")
	}
	v.t.Logf("the machine was up after %.1f s", time.Since(began).Seconds())
}

// answer reads until the end of what a command says.
func (v *vm) answer(limit time.Duration) (string, int) {
	v.t.Helper()
	_ = v.conn.SetReadDeadline(time.Now().Add(limit))
	text, err := v.said.ReadString(1)
	if err != nil {
		v.t.Fatalf("the machine does not answer: %v\n%s", err, text)
	}
	end, err := v.said.ReadString('\n')
	if err != nil && err != io.EOF {
		v.t.Fatal(err)
	}
	_, digits, _ := strings.Cut(strings.TrimSpace(end), " ")
	code, err := strconv.Atoi(digits)
	if err != nil {
		v.t.Fatalf("the machine ends with %q", end)
	}
	return strings.TrimSuffix(text, "\n\x01"), code
}

// run runs a line of shell in the machine.
func (v *vm) run(line string) result {
	v.t.Helper()
	if _, err := fmt.Fprintln(v.conn, strings.ReplaceAll(line, "\n", "; ")); err != nil {
		v.t.Fatal(err)
	}
	out, code := v.answer(3 * time.Minute)
	return result{code: code, stdout: out}
}

// must fails the test where the line fails.
func (v *vm) must(line string) string {
	v.t.Helper()
	r := v.run(line)
	if r.code != 0 {
		v.t.Fatalf("in the machine: %s: exit code %d\n%s", line, r.code, r.stdout)
	}
	return r.stdout
}

// vmFeature is one row of docs/interop.md.
type vmFeature struct {
	name string
	test func(*testing.T, *vm, lab)
}

// runFeatures tests the features, in their order; the log of one that fails has
// what the machine says when it is asked.
func (v *vm) runFeatures(t *testing.T, l lab, all []vmFeature, ask string) {
	for _, f := range all {
		t.Run(f.name, func(t *testing.T) {
			outer := v.t
			v.t = t
			defer func() {
				if t.Failed() {
					t.Log(v.run(ask).stdout)
				}
				v.t = outer
			}()
			f.test(t, v, l)
		})
	}
}
