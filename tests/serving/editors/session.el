;;; -*- lexical-binding: t -*-
;; One session without a terminal: completes session.py at its end, takes what is shown and saves it.
(setq python-indent-guess-indent-offset nil)
(find-file "session.py")
(execute-kbd-macro (kbd "M->"))
(execute-kbd-macro (kbd "C-c c"))
(let ((tenths 0))
  (while (and (not minuet-active-mode)
              (< tenths 300)
              (or (< tenths 20) (seq-some #'process-live-p minuet--current-requests)))
    (accept-process-output nil 0.1)
    (setq tenths (1+ tenths))))
(execute-kbd-macro (kbd "C-c a"))
(save-buffer)
