package hosts

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// ExitError reports a command that did not start inside a host. Code is a
// shell's: 127 not found, 126 not executable; 125 if the host could not be
// entered.
type ExitError struct {
	Code int
	Err  error
}

func (e *ExitError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *ExitError) Unwrap() error { return e.Err }

// ExitStatus returns the exit code, for callers that do not know this type.
func (e *ExitError) ExitStatus() int { return e.Code }

// entry is the command line of Enter.
type entry struct {
	netns, root, hostname, dir string
}

func (e entry) args() []string {
	return []string{"-netns", e.netns, "-root", e.root, "-hostname", e.hostname, "-dir", e.dir, "--"}
}

func parseEntry(args []string) (e entry, argv []string, err error) {
	set := flag.NewFlagSet("enter", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&e.netns, "netns", "", "")
	set.StringVar(&e.root, "root", "", "")
	set.StringVar(&e.hostname, "hostname", "", "")
	set.StringVar(&e.dir, "dir", "", "")
	if err := set.Parse(args); err != nil {
		return entry{}, nil, err
	}
	if e.netns == "" || e.root == "" || set.NArg() == 0 {
		return entry{}, nil, errors.New("want -netns PATH -root DIR [-hostname NAME] [-dir DIR] -- COMMAND")
	}
	return e, set.Args(), nil
}

// Enter turns this process into a command inside a node that is a namespace. It
// returns only if that fails, with an *ExitError. args are those that
// Homes.Command appends to the prefix.
func Enter(args []string) error {
	e, argv, err := parseEntry(args)
	if err != nil {
		return &ExitError{125, err}
	}
	runtime.LockOSThread() // never unlocked: this thread becomes the command
	if err := e.become(); err != nil {
		return &ExitError{125, fmt.Errorf("enter host %s: %w", e.hostname, err)}
	}
	return execInside(argv)
}

// execInside finds and executes argv, as a shell would.
func execInside(argv []string) error {
	path := argv[0]
	if !strings.Contains(path, "/") {
		found, err := exec.LookPath(path)
		if err != nil {
			return &ExitError{127, fmt.Errorf("%s: command not found", path)}
		}
		path = found
	}
	err := unix.Exec(path, argv, os.Environ())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, statErr := os.Stat(path); statErr == nil {
			return &ExitError{126, fmt.Errorf("%s: interpreter not found", path)}
		}
		return &ExitError{127, fmt.Errorf("%s: not found inside the host (which has its own /tmp and /run)", path)}
	default:
		return &ExitError{126, fmt.Errorf("%s: %w", path, err)}
	}
}

// become moves the thread into the host's namespaces.
func (e entry) become() error {
	cwd, err := os.Getwd()
	if err != nil {
		cwd = "/"
	}
	netns, err := os.Open(e.netns)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("it does not run: %w", err)
	}
	if err != nil {
		return err
	}
	defer netns.Close()
	if err := unix.Setns(int(netns.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("network namespace: %w", err)
	}
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_NEWUTS); err != nil {
		return fmt.Errorf("new mount namespace: %w", err)
	}
	if err := e.mounts(); err != nil {
		return err
	}
	if err := unix.Sethostname([]byte(Hostname(e.hostname))); err != nil {
		return fmt.Errorf("set hostname: %w", err)
	}
	return changeDir(e.dir, cwd)
}

// Hostname returns a node's name, cut to the length that the kernel accepts.
func Hostname(node string) string {
	const longest = 64 // __NEW_UTS_LEN
	return node[:min(len(node), longest)]
}

func changeDir(dir, cwd string) error {
	if dir != "" {
		if err := os.Chdir(dir); err != nil {
			return fmt.Errorf("change directory: %w", err)
		}
		return nil
	}
	if os.Chdir(cwd) == nil {
		return nil
	}
	return os.Chdir("/")
}

// mounts builds the host's view of the file system. None of it is visible
// outside, but what is unmounted outside is unmounted inside, too.
func (e entry) mounts() error {
	if err := unix.Mount("", "/", "none", unix.MS_SLAVE|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("separate mounts: %w", err)
	}
	if err := mountSys(); err != nil {
		return fmt.Errorf("mount /sys: %w", err)
	}
	view, err := openView(e.root)
	if err != nil {
		return err
	}
	defer view.close()
	program, err := openProgram() // before its directory is covered
	if err != nil {
		return fmt.Errorf("this program: %w", err)
	}
	defer program.Close() // nil may be closed
	if err := bindDirs(e.root, "tmp", "run"); err != nil {
		return err
	}
	if err := showProgram(program); err != nil {
		return fmt.Errorf("show %s: %w", programName, err)
	}
	return view.mount()
}

// bindDirs mounts directories of root on those of the same name below /. It
// opens them first, as root itself may be below one of them.
func bindDirs(root string, names ...string) error {
	sources := make([]*os.File, len(names))
	for i, name := range names {
		dir, err := os.Open(filepath.Join(root, name))
		if err != nil {
			return err
		}
		defer dir.Close()
		sources[i] = dir
	}
	for i, dir := range sources {
		if err := unix.Mount(procPath(dir), "/"+names[i], "none", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s on /%s: %w", dir.Name(), names[i], err)
		}
	}
	return nil
}

// procPath is a path of an open file, wherever that is now: only this thread is in
// the new mount namespace.
func procPath(f *os.File) string { return fmt.Sprintf("/proc/thread-self/fd/%d", f.Fd()) }

// mountSys shows the interfaces of this network namespace under /sys.
func mountSys() error {
	var st unix.Statfs_t
	if err := unix.Statfs("/sys", &st); err != nil {
		return err
	}
	groups := cgroups()
	defer groups.Close() // nil may be closed
	// If /sys is not a mount, the new one covers it.
	_ = unix.Unmount("/sys", unix.MNT_DETACH)
	if err := unix.Mount("sysfs", "/sys", "sysfs", uintptr(st.Flags)&unix.MS_RDONLY, ""); err != nil {
		return err
	}
	if groups != nil {
		_ = unix.MoveMount(int(groups.Fd()), "", unix.AT_FDCWD, cgroupDir, unix.MOVE_MOUNT_F_EMPTY_PATH)
	}
	return nil
}

const cgroupDir = "/sys/fs/cgroup"

// cgroups returns a copy of the control groups' mounts, which are below /sys, for
// programs that use them, such as a Docker daemon; nil if there are none, or the
// kernel is older than Linux 5.2.
func cgroups() *os.File {
	var sys, groups unix.Stat_t
	if unix.Stat("/sys", &sys) != nil || unix.Stat(cgroupDir, &groups) != nil || sys.Dev == groups.Dev {
		return nil
	}
	fd, err := unix.OpenTree(unix.AT_FDCWD, cgroupDir, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return nil
	}
	return os.NewFile(uintptr(fd), cgroupDir)
}
