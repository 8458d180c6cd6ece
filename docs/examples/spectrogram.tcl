#!/usr/bin/env tclsh
# The spectrogram of a sound as a picture.
#
#     tclsh spectrogram.tcl ?PICTURE? ?SOUND?
#
# SOUND is a WAV file. If there is none yet, or none is named, one is made first: a tone that glides from
# 500 to 3500 Hz within two seconds, above a steady one of 1000 Hz. The picture has time from left to right, frequencies from
# below to above, and 80 dB between white and black; it is a PGM file. For the sound that it made, the script also measures
# the two tones and fails if they are not where they should be.
package require torch

set rate 8000
set seconds 2.0

# A glide from 500 to 3500 Hz is the sine of the integral of its frequency.
proc makeSound {path} {
    global rate seconds
    set pi [expr {acos(-1)}]
    set samples {}
    for {set i 0} {$i < $rate * $seconds} {incr i} {
        set t [expr {double($i) / $rate}]
        set glide [expr {sin(2 * $pi * (500 * $t + 3000 * $t * $t / (2 * $seconds)))}]
        lappend samples [expr {0.37 * $glide + 0.09 * sin(2 * $pi * 1000 * $t)}]
    }
    torch::wav_write $path [torch::tensor_create $samples] $rate
}

# Grey levels, rows from above to below. PGM is a line of text for the kind, the size and the largest level, and the bytes.
proc writePicture {path levels} {
    lassign [torch::tensor_shape $levels] rows columns
    set channel [open $path wb]
    puts -nonewline $channel "P5\n$columns $rows\n255\n[binary format c* [torch::tensor_to_list $levels]]"
    close $channel
}

# The frequency in Hz of the strongest bin of each frame, among the bins from `first` to `last`.
proc strongest {power width rate first last} {
    set bins [torch::argmax [torch::tensor_slice $power 0 $first [expr {$last + 1}]] 0]
    lmap bin [torch::tensor_to_list $bins] {expr {double($first + $bin) * $rate / $width}}
}

proc main {picture sound} {
    set made [expr {$sound eq "" || ![file exists $sound]}]
    if {$sound eq ""} {close [file tempfile sound sound.wav]; set temporary $sound}
    try {
        if {$made} {makeSound $sound}
        set read [torch::wav_read $sound]
    } finally {
        if {[info exists temporary]} {file delete $temporary}
    }
    set rate [dict get $read rate]
    # The first channel.
    set signal [torch::tensor_reshape [torch::tensor_slice [dict get $read samples] 0 0 1] -1]
    set width 256
    set hop 64
    if {[torch::tensor_numel $signal] < $width} {error "a sound of [torch::tensor_numel $signal] samples is too short"}
    # Frequencies by frames, in decibels below the loudest.
    set power [torch::spectrogram $signal -nFft $width -hopLength $hop -winLength $width]
    set decibels [torch::tensor_mul [torch::log10 [torch::clamp $power -min 1e-12]] -other 10.0]
    set below [torch::tensor_sub $decibels -other [torch::tensor_max $decibels]]
    set grey [torch::tensor_mul [torch::clamp $below -min -80 -max 0] -other [expr {-255 / 80.0}]]
    writePicture $picture [torch::tensor_to [torch::flip [torch::round $grey] 0] cpu uint8]
    lassign [torch::tensor_shape $power] bins frames
    puts "$picture: $frames columns of [expr {1000.0 * $hop / $rate}] ms, $bins rows of [expr {double($rate) / $width}] Hz"
    if {!$made} {return 0}

    # The glide where it is above the steady tone, and the steady tone in the meantime.
    set worst 0
    set from [expr {$frames / 2}]
    set glide [strongest $power $width $rate 48 [expr {$bins - 1}]]
    set steady [strongest $power $width $rate 0 47]
    for {set frame $from} {$frame < $frames} {incr frame} {
        set middle [expr {($frame * $hop + $width / 2) / double($rate)}]
        set worst [expr {max($worst, abs([lindex $glide $frame] - 500 - 3000 * $middle / $::seconds), abs([lindex $steady $frame] - 1000))}]
    }
    puts [format "the tones are within %.0f Hz of where they should be" $worst]
    return [expr {$worst > double($rate) / $width}]
}

lassign $argv picture sound
exit [main [expr {$picture eq "" ? "spectrogram.pgm" : $picture}] $sound]
