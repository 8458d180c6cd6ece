# package.tcl require DIRECTORY | load FILE | size DIRECTORY BYTES
# Brings the commands in one way or the other and uses them; `size` adds up the libraries that came in with them.

proc librariesLoaded {} {
    set maps [open /proc/self/maps]
    set files [dict create]
    foreach line [split [read $maps] \n] {
        if {[regexp {(/.*\.so[.0-9]*)$} $line -> file]} {dict set files $file {}}
    }
    close $maps
    return [dict keys $files]
}

proc use {} {
    set x [torch::tensor_create {{1 2 3} {4 5 6}} float32]
    set gathered [torch::distributed_gather $x]
    if {[torch::tensor_shape $gathered] ne "1 2 3"} {error "shape [torch::tensor_shape $gathered]"}
    set values [torch::tensor_to_list $gathered]
    if {[llength $values] != 6} {set values [concat {*}[concat {*}$values]]}
    foreach got $values wanted {1 2 3 4 5 6} {
        if {$got != $wanted} {error "values $values"}
    }
}

lassign $argv how place limit
set before [librariesLoaded]
switch $how {
    require - size {
        lappend auto_path $place
        package require torch
    }
    load {load $place}
    default {error "how? $how"}
}
use
if {$how eq "size"} {
    set total 0
    foreach file [librariesLoaded] {
        if {$file in $before} continue
        incr total [file size $file]
        puts "[file size $file] $file"
    }
    puts "$total bytes"
    if {$total == 0 || $total > $limit} {exit 1}
}
