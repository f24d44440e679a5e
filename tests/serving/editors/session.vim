" One session without a terminal, for Vim and Neovim: completes the file of the command line and saves it.
" A Vim that starts without a terminal stays compatible with vi and finds no plugins by itself.
filetype plugin on
autocmd User NeuralWritePost let g:written = 1
normal! G
execute "normal \\c"
let tenths = 0
while !exists('g:written') && execute('messages') !~# 'Neural error' && tenths < 300
    sleep 100m
    let tenths += 1
endwhile
write
redir! > session.messages
silent messages
redir END
qall!
