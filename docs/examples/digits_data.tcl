# Reads the handwritten digits of digits.npy, for the examples beside it.

# A matrix of bytes from NumPy's format: 8 bytes, the length of the header, the header with the shape, the elements.
proc readBytes {path} {
    set channel [open $path rb]
    set bytes [read $channel]
    close $channel
    binary scan $bytes @8su length
    if {![regexp {'\|u1'.*\((\d+), (\d+)\)} [string range $bytes 10 [expr {9 + $length}]] -> rows columns]} {
        error "$path: not a matrix of uint8"
    }
    binary scan $bytes @[expr {10 + $length}]cu* values
    torch::tensor_create -data $values -shape [list $rows $columns] -dtype uint8
}

# Pixels from 0 to 4, of that dtype, and digits.
proc readDigits {path dtype} {
    set table [readBytes $path]
    set pixels [torch::tensor_to [torch::tensor_slice $table 1 0 64] cpu $dtype]
    set digits [torch::tensor_to [torch::tensor_reshape [torch::tensor_slice $table 1 64 65] -1] cpu int64]
    list [torch::tensor_div $pixels -other 4.0] $digits
}

# Of all images in random order, from the seed's generator: the held-out fifth, and the others.
set digitsFile [file join [file dirname [info script]] digits.npy]
proc splitDigits {dtype} {
    lassign [readDigits $::digitsFile $dtype] x y
    set count [torch::tensor_numel $y]
    set heldOut [expr {$count / 5}]
    set order [torch::argsort [torch::rand $count]]
    set testing [torch::tensor_slice $order 0 0 $heldOut]
    set training [torch::tensor_slice $order 0 $heldOut $count]
    list [torch::tensor_index_select $x 0 $testing] [torch::tensor_index_select $y 0 $testing] \
        [torch::tensor_index_select $x 0 $training] [torch::tensor_index_select $y 0 $training]
}

# The share of guesses that are right.
proc shareRight {guesses digits} {
    torch::tensor_item [torch::tensor_mean [torch::tensor_to [torch::eq $guesses $digits] cpu float64]]
}
