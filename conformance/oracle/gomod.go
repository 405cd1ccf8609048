package main

import (
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// goMod: the bytes of a go.mod -> [strict reading, lax reading, ModulePath's reading].
// The version fixer is module.CanonicalVersion's rule, as in the go command: what is not canonical stays as it is.
func goMod(a []string) []any {
	data := unpack(a[0])
	return []any{
		goModFile(modfile.Parse("go.mod", data, nil)),
		goModFile(modfile.ParseLax("go.mod", data, nil)),
		modfile.ModulePath(data),
	}
}

type versioned = [2]string

func pair(v module.Version) versioned { return versioned{v.Path, v.Version} }

func goModFile(file *modfile.File, err error) any {
	if err != nil {
		return failure(err)
	}
	result := map[string]any{}
	if file.Module != nil {
		result["module"] = file.Module.Mod.Path
		result["deprecated"] = file.Module.Deprecated
	}
	if file.Go != nil {
		result["go"] = file.Go.Version
	}
	if file.Toolchain != nil {
		result["toolchain"] = file.Toolchain.Name
	}
	var require []any
	for _, r := range file.Require {
		require = append(require, []any{r.Mod.Path, r.Mod.Version, r.Indirect})
	}
	result["require"] = require
	var exclude []versioned
	for _, x := range file.Exclude {
		exclude = append(exclude, pair(x.Mod))
	}
	result["exclude"] = exclude
	var replace [][2]versioned
	for _, r := range file.Replace {
		replace = append(replace, [2]versioned{pair(r.Old), pair(r.New)})
	}
	result["replace"] = replace
	var retract [][3]string
	for _, r := range file.Retract {
		retract = append(retract, [3]string{r.Low, r.High, r.Rationale})
	}
	result["retract"] = retract
	var tool, ignore []string
	for _, t := range file.Tool {
		tool = append(tool, t.Path)
	}
	for _, i := range file.Ignore {
		ignore = append(ignore, i.Path)
	}
	var godebug [][2]string
	for _, g := range file.Godebug {
		godebug = append(godebug, [2]string{g.Key, g.Value})
	}
	result["tool"], result["ignore"], result["godebug"] = tool, ignore, godebug
	return result
}

// goWork: the bytes of a go.work.
func goWork(a []string) []any {
	file, err := modfile.ParseWork("go.work", unpack(a[0]), nil)
	if err != nil {
		return []any{failure(err)}
	}
	result := map[string]any{}
	if file.Go != nil {
		result["go"] = file.Go.Version
	}
	if file.Toolchain != nil {
		result["toolchain"] = file.Toolchain.Name
	}
	var use []string
	for _, u := range file.Use {
		use = append(use, u.Path)
	}
	var replace [][2]versioned
	for _, r := range file.Replace {
		replace = append(replace, [2]versioned{pair(r.Old), pair(r.New)})
	}
	var godebug [][2]string
	for _, g := range file.Godebug {
		godebug = append(godebug, [2]string{g.Key, g.Value})
	}
	result["use"], result["replace"], result["godebug"] = use, replace, godebug
	return []any{result}
}
