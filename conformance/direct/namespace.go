package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"unsafe"
)

// The svn protocol goes through no forward proxy, so its host must have an address here, and its port must be the real one. That is so in a
// network and a list of hosts of our own, which no other process sees.

const inside = "CONFORMANCE_DIRECT_INSIDE"

// enter runs this very program again with a network of its own, and ends as it does. In there it returns.
func enter() error {
	if os.Getenv(inside) != "" {
		if err := up("lo"); err != nil {
			return fmt.Errorf("bringing up lo: %w", err)
		}
		return nil
	}
	again := exec.Command("/proc/self/exe", os.Args[1:]...)
	again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
	again.Env = append(os.Environ(), inside+"=1")
	flags := uintptr(syscall.CLONE_NEWNET | syscall.CLONE_NEWNS)
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGTERM}
	if id := os.Getuid(); id != 0 {
		again.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		again.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: id, Size: 1}}
		again.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	if err := again.Start(); err != nil {
		return fmt.Errorf("no network of our own (needs root, or user namespaces): %w", err)
	}
	again.Wait()
	os.Exit(again.ProcessState.ExitCode())
	return nil
}

// nameHosts gives the hosts of the rows the address of this machine, for this process and its children.
func nameHosts(work string) error {
	file := filepath.Join(work, "hosts")
	text := "127.0.0.1 localhost\n"
	for host := range places {
		text += "127.0.0.1 " + host + "\n"
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return err
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mounting: %w", err)
	}
	return syscall.Mount(file, "/etc/hosts", "", syscall.MS_BIND, "")
}

// up brings a network interface up. See netdevice(7).
func up(name string) error {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(socket)
	var request struct {
		name  [16]byte
		flags uint16
		_     [22]byte
	}
	copy(request.name[:], name)
	request.flags = syscall.IFF_UP | syscall.IFF_RUNNING
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(socket), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); errno != 0 {
		return errno
	}
	return nil
}

// serveSvn speaks the svn protocol at its own port, for every host of the rows.
func (f *front) serveSvn() error {
	listener, err := net.Listen("tcp", "127.0.0.1:3690")
	if err != nil {
		return err
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go f.pipe(conn)
		}
	}()
	return nil
}
